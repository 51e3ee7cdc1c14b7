import { describe, expect, it } from 'vitest';
import { clock } from './format';
import { trafficSentence } from './preview';

const NOW = new Date('2026-05-04T13:00:00Z');
const NONE = { since: '2026-05-04T12:00:00Z', considered: 0, refused: 0, throttled: 0, admitted: 0, clients: 0, yours: 0, examples: [] };
const said = (traffic: Partial<typeof NONE>) => {
  const { head, tail } = trafficSentence({ ...NONE, ...traffic }, NOW);
  return head + tail;
};

describe('what a change would have done', () => {
  it('is one sentence', () => {
    expect(said({})).toBe('There were no requests in the last hour to try it on');
    expect(said({ considered: 4800, refused: 1912, clients: 3 })).toBe('Would have refused 1,912 of the 4,800 requests in the last hour from 3 addresses, none of them yours');
    expect(said({ considered: 50, refused: 3, throttled: 2, admitted: 1, clients: 1, yours: 2 })).toBe(
      'Would have refused 3, limited 2 and let in 1 of the 50 requests in the last hour from 1 address, 2 of them yours',
    );
    expect(said({ considered: 1 })).toBe('Would have changed nothing for the 1 request in the last hour');
  });

  it('claims no more time than is known', () => {
    const since = '2026-05-04T12:44:00Z';
    const started = clock(new Date(since));
    expect(said({ since })).toBe(`There were no requests since ${started} to try it on`);
    expect(said({ since, considered: 12 })).toBe(`Would have changed nothing for the 12 requests since ${started}`);
  });
});
