import { describe, expect, it } from 'vitest';
import { endsBeforeItBegins, filterFrom, fromInput, searchOf, toInput } from './filter';

const read = (text: string) => filterFrom(new URLSearchParams(text));

describe('the filter of the audit log', () => {
  it('survives the way through the address', () => {
    const filter = { actor: '01a2', action: 'domain.add', result: 'denied', since: '2026-05-04T10:00:00.000Z' } as const;
    expect(read(searchOf(filter))).toEqual(filter);
  });

  it('is nothing where nothing is asked', () => {
    expect(read('')).toEqual({});
    expect(searchOf({ action: undefined })).toBe('');
  });

  it('leaves out what makes no sense', () => {
    expect(read('action=dance&result=maybe&since=yesterday&actor=')).toEqual({});
  });

  it('keeps a time through the input, to the minute', () => {
    const at = '2026-05-04T10:20:00.000Z';
    expect(fromInput(toInput(at))).toBe(at);
    expect(fromInput('')).toBeUndefined();
    expect(toInput(undefined)).toBe('');
  });

  it('knows a span that ends before it begins', () => {
    expect(endsBeforeItBegins({ since: '2026-05-04T10:00:00.000Z', until: '2026-05-04T09:00:00.000Z' })).toBe(true);
    expect(endsBeforeItBegins({ since: '2026-05-04T10:00:00.000Z' })).toBe(false);
  });
});
