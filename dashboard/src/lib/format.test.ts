import { describe, expect, it } from 'vitest';
import { bytes, change, count, duration, exactUtc, percent, relative, sentence, slugOf, slugProblem } from './format';

it.each([[0, '0 B'], [1023, '1023 B'], [1024, '1 KiB'], [1536, '1.5 KiB'], [10 * 1024 ** 2, '10 MiB'], [3 * 1024 ** 5, '3,072 TiB']])('%d bytes', (value, text) => {
  expect(bytes(value)).toBe(text);
});

it.each([[0, '0 ms'], [0.091, '0.09 ms'], [1.44, '1.4 ms'], [38.4, '38 ms'], [999.4, '999 ms'], [1400, '1.4 s'], [59_000, '59 s'], [120_000, '2 min'], [5_400_000, '1.5 h']])('%d milliseconds', (value, text) => {
  expect(duration(value)).toBe(text);
});

it.each([[0, 0, '0 %'], [0, 9, '0 %'], [1, 5000, '< 0.1 %'], [22, 1000, '2.2 %'], [1, 3, '33 %'], [9, 9, '100 %']])('%d of %d', (part, whole, text) => {
  expect(percent(part, whole)).toBe(text);
});

it.each([[5, 0, undefined], [104, 100, '+4 %'], [88, 100, '−12 %'], [100, 100, 'unchanged'], [0, 4, '−100 %']])('%d after %d', (now, before, text) => {
  expect(change(now, before)).toBe(text);
});

it('counts with the right word', () => {
  expect([count(0, 'request'), count(1, 'request'), count(48212, 'request'), count(2, 'address', 'addresses')]).toEqual(['0 requests', '1 request', '48,212 requests', '2 addresses']);
});

describe('relative time', () => {
  const now = new Date('2026-05-04T13:10:07Z');
  const at = (seconds: number) => relative(new Date(now.getTime() + seconds * 1000), now);

  it.each([[0, 'just now'], [-1, 'just now'], [-4, '4 s ago'], [-59, '59 s ago'], [-60, '1 min ago'], [-3600, '1 h ago'], [-47 * 3600, '47 h ago'], [-3 * 86400, '3 days ago'], [-90 * 86400, '3 months ago'], [-800 * 86400, '2 years ago'], [30, 'in 30 s'], [41 * 86400, 'in 41 days']])('%d s', (seconds, text) => {
    expect(at(seconds)).toBe(text);
  });

  it('has the exact one in UTC', () => {
    expect(exactUtc(now)).toBe('2026-05-04 13:10:07 UTC');
  });
});

it.each([['is too short', 'Is too short.'], ['Ends.', 'Ends.'], ['  ', ''], ['why?', 'Why?']])('the sentence of %j', (text, result) => {
  expect(sentence(text)).toBe(result);
});

describe('slugs', () => {
  it.each([['Shop', 'shop'], ['My Café — Wien', 'my-cafe-wien'], ['2nd try', 'nd-try'], ['---', ''], ['x'.repeat(60), 'x'.repeat(40)], ['a'.repeat(39) + '-b', 'a'.repeat(39)], ['日本', '']])('of %j', (name, slug) => {
    expect(slugOf(name)).toBe(slug);
  });

  it.each(['shop', 'a1', 'a-b', 'a'.repeat(40)])('%s is taken', (slug) => expect(slugProblem(slug)).toBeUndefined());
  it.each(['', 'a', '1a', '-a', 'a-', 'A1', 'a_b', 'a'.repeat(41), 'a\n'])('%j is not', (slug) => expect(slugProblem(slug)).toContain('hyphens'));
});
