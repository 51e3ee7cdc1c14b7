import { describe, expect, it } from 'vitest';
import type { Analytics, Point } from './api/types';
import { counted } from './counting';

const point = (at: string, passed = 0): Point => ({
  at, passed, throttled: 0, refused: 0, failed: 0, abandoned: 0, bytes: 10 * passed, p50_ms: null, p95_ms: null, p99_ms: null,
});
const analytics = (environment: string | null = null): Analytics => ({
  range: 'hour', environment, since: '2026-05-04T13:00:00Z', until: '2026-05-04T13:02:00Z', step_seconds: 60,
  points: [point('2026-05-04T13:00:00Z', 4), point('2026-05-04T13:01:00Z', 1)],
  totals: {
    requests: 5, passed: 5, throttled: 0, refused: 0, failed: 0, abandoned: 0, bytes: 50, p50_ms: 1, p95_ms: 2, p99_ms: 3,
    statuses: { '1xx': 0, '2xx': 5, '3xx': 0, '4xx': 0, '5xx': 0 },
  },
  previous: { requests: 0, refused: 0, throttled: 0 }, missing: false,
});
const passed = { verdict: 'passed', environment: 'production', bytes: 7 } as const;
const refused = { verdict: 'refused', environment: 'staging', bytes: 0 } as const;

describe('counted', () => {
  it('adds to the minute that is not over', () => {
    const now = counted(analytics(), { items: [passed, refused], more: 3, at: '2026-05-04T13:01:30Z' });
    expect(now.points.map((entry) => [entry.passed, entry.refused])).toEqual([[4, 0], [2, 1]]);
    expect(now.totals).toMatchObject({ requests: 10, passed: 6, refused: 1, bytes: 57, p95_ms: 2 });
  });

  it('begins new minutes, and forgets as many of the oldest', () => {
    const now = counted(analytics(), { items: [passed], more: 0, at: '2026-05-04T13:02:00Z' });
    expect(now.points.map((entry) => [entry.at.slice(11, 16), entry.passed])).toEqual([['13:01', 1], ['13:02', 1]]);
    expect(now.totals).toMatchObject({ requests: 2, passed: 2, bytes: 17 });
  });

  it('counts only the environment that is looked at', () => {
    const before = analytics('production');
    expect(counted(before, { items: [refused], more: 9, at: '2026-05-04T13:01:30Z' })).toBe(before);
    expect(counted(before, { items: [passed, refused], more: 9, at: '2026-05-04T13:01:30Z' }).totals.requests).toBe(6);
  });
});
