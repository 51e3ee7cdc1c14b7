import type { Analytics, Point, RequestRecord, VerdictCounts } from './api/types';

/** Requests that ended since the numbers were loaded: the ones that are known, and how many further ones there were. */
export interface Arrived {
  items: readonly Pick<RequestRecord, 'verdict' | 'environment' | 'bytes'>[];
  more: number;
  /** When the newest of them ended, RFC 3339. */
  at: string;
}

const NOTHING: Omit<Point, 'at'> = {
  passed: 0, throttled: 0, refused: 0, failed: 0, abandoned: 0, bytes: 0, p50_ms: null, p95_ms: null, p99_ms: null,
};

/**
 * The numbers with what arrived since they were loaded. Percentiles stay as they were, and of requests that were only counted the verdict is
 * not known: both are right again when the numbers are loaded anew.
 */
export function counted(analytics: Analytics, arrived: Arrived): Analytics {
  const { environment } = analytics;
  const items = environment === null ? arrived.items : arrived.items.filter((item) => item.environment === environment);
  const more = environment === null ? arrived.more : 0;
  if (items.length + more === 0) return analytics;
  const moved = reaching(analytics, Date.parse(arrived.at));
  const points = [...moved.points];
  const last = points.at(-1);
  if (!last) return moved;
  const grown = { ...last };
  const totals = { ...moved.totals, requests: moved.totals.requests + items.length + more };
  for (const { verdict, bytes } of items) {
    grown[verdict] += 1;
    grown.bytes += bytes;
    totals[verdict] += 1;
    totals.bytes += bytes;
  }
  points[points.length - 1] = grown;
  return { ...moved, points, totals };
}

/** The numbers with steps of time up to `at`; as many fall off at the other end. */
function reaching(analytics: Analytics, at: number): Analytics {
  const step = analytics.step_seconds * 1000;
  const points = [...analytics.points];
  const totals = { ...analytics.totals };
  let last = points.at(-1);
  while (last && Date.parse(last.at) + step <= at) {
    last = { ...NOTHING, at: new Date(Date.parse(last.at) + step).toISOString() };
    points.push(last);
    const gone = points.shift();
    if (gone) forget(totals, gone);
  }
  return { ...analytics, points, totals };
}

function forget(totals: VerdictCounts & { requests: number; bytes: number }, gone: Point): void {
  for (const verdict of ['passed', 'throttled', 'refused', 'failed', 'abandoned'] as const) {
    totals[verdict] -= gone[verdict];
    totals.requests -= gone[verdict];
  }
  totals.bytes -= gone.bytes;
}
