import { describe, expect, it } from 'vitest';
import { adviceOn } from './password';

describe('passwords', () => {
  const known = ['Lea Martin', 'lea@example.com'];
  it.each(['', 'short', 'aaaaaaaaaaaaaaaa', '123456789012345', 'leamartin example', 'abcdefabcdefabcdef', 'x'.repeat(1100)])('%j is not called good', (password) => {
    expect(adviceOn(password, known)?.good ?? false).toBe(false);
  });
  it('a few words are', () => expect(adviceOn('violet harbour kettle ninety', known)?.good).toBe(true));
});
