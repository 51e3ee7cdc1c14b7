import { describe, expect, it } from 'vitest';
import { clock, weekday } from './format';
import { timeKnown } from './kept';

const now = new Date('2026-05-04T13:00:00Z');

describe('the time that is known', () => {
  it('is all that is kept, where nothing is missing of it', () => {
    expect(timeKnown('requests', '2026-05-04T12:00:20Z', now)).toBe('in the last hour');
    expect(timeKnown('refusals', '2026-04-27T13:00:00Z', now)).toBe('in the last 7 days');
  });

  it('begins later where less is known', () => {
    const started = new Date('2026-05-04T12:44:00Z');
    expect(timeKnown('requests', started.toISOString(), now)).toBe(`since ${clock(started)}`);
    const days = new Date('2026-05-01T08:10:00Z');
    expect(timeKnown('refusals', days.toISOString(), now)).toBe(`since ${weekday(days)}, ${clock(days)}`);
  });
});
