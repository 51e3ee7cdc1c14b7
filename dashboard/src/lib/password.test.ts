import { describe, expect, it } from 'vitest';
import { adviceOn, passwordProblem } from './password';

describe('passwords', () => {
  const known = ['Lea Martin', 'lea@example.com'];
  it.each(['', 'short', 'aaaaaaaaaaaaaaaa', '123456789012345', 'leamartin example', 'abcdefabcdefabcdef', 'x'.repeat(1100)])('%j is not called good', (password) => {
    expect(adviceOn(password, known)?.good ?? false).toBe(false);
  });
  it('that are certainly refused need not be sent', () => {
    expect(passwordProblem('')).toBe('Choose a password.');
    expect(passwordProblem('short words')).toBe('1 more character needed.');
    expect(passwordProblem('violet harbour kettle ninety')).toBeUndefined();
  });
  it('need as many characters as the instance demands', () => {
    expect(passwordProblem('short words', 8)).toBeUndefined();
    expect(passwordProblem('short words', 20)).toBe('9 more characters needed.');
  });
  it('a few words are', () => expect(adviceOn('violet harbour kettle ninety', known)?.good).toBe(true));
});
