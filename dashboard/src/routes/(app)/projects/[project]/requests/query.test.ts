import { describe, expect, it } from 'vitest';
import { read, write } from './query';

describe('the query of the requests page', () => {
  it('is read and written the same way', () => {
    const text = '?view=refusals&verdict=throttled&client=2001%3Adb8%3A%3A7&environment=staging&id=01a2';
    expect(write(read(new URLSearchParams(text)))).toBe(text);
    expect(write(read(new URLSearchParams('')))).toBe('');
  });

  it('leaves out what it cannot mean', () => {
    expect(read(new URLSearchParams('?view=refusals&verdict=passed&client=%20'))).toEqual({ view: 'refusals' });
    expect(write(read(new URLSearchParams('?view=never&verdict=passed')))).toBe('?verdict=passed');
  });
});
