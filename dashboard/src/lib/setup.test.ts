import { describe, expect, it } from 'vitest';
import { pastedToken, tokenOf } from './setup';

describe('tokens of links', () => {
  it.each([['#token=abc', 'abc'], ['#a=b&token=abc', 'abc'], ['#token=', undefined], ['', undefined], ['#other', undefined]])('%j', (hash, token) => {
    expect(tokenOf(hash)).toBe(token);
  });
  it.each([['abc', 'abc'], [' abc\n', 'abc'], ['https://temps.localhost:8443/setup#token=abc', 'abc'], ['a#b', 'a#b']])('pasted %j', (text, token) => {
    expect(pastedToken(text)).toBe(token);
  });
});
