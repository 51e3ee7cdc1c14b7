import { describe, expect, it } from 'vitest';
import { errorsByLine, inLines, linesOf } from './lines';

const PASTED = '198.51.100.0/24 # scrapers\r\n\r\n# a comment\n  203.0.113.7\n10.0.0.1/99 # a # b';

describe('a pasted list', () => {
  it('has one network a line, and what stands behind # is its note', () => {
    expect(linesOf(PASTED)).toEqual([
      { number: 1, network: '198.51.100.0/24', note: 'scrapers' },
      { number: 4, network: '203.0.113.7', note: '' },
      { number: 5, network: '10.0.0.1/99', note: 'a # b' },
    ]);
    expect(linesOf(' \n\n')).toEqual([]);
  });

  it('tells errors of entries by the line that they are about', () => {
    const lines = linesOf(PASTED);
    expect(errorsByLine([['entries[2].network', 'has the prefix length "99"']], lines)).toEqual([{ line: lines[2], message: 'Has the prefix length "99".' }]);
    expect(errorsByLine([['network', 'is wrong'], ['entries[9].note', 'is long']], lines)).toEqual([]);
  });

  it('counts lines where the API counts entries', () => {
    const lines = linesOf(PASTED);
    expect(inLines('Entry 1: says the same as entry 0 and is left out.', lines)).toBe('Line 4: says the same as line 1 and is left out.');
    expect(inLines('Entry 0: `10.0.0.1/8` has bits behind its prefix')).toBe('`10.0.0.1/8` has bits behind its prefix.');
  });
});
