import { clock, weekday } from './format';

const MINUTE = 60_000;

/** For how long something is kept, and how a person says it. */
const KEPT = {
  requests: { minutes: 60, whole: 'in the last hour' },
  refusals: { minutes: 7 * 24 * 60, whole: 'in the last 7 days' },
} as const;

/**
 * The time that a list speaks of: `in the last hour`, or `since 23:44` where what is known begins later, as after a start of Temps.
 * `since` is what the server says about it.
 */
export function timeKnown(what: keyof typeof KEPT, since: string, now: Date): string {
  return beginsLater(what, since, now) ? `since ${moment(new Date(since), now)}` : KEPT[what].whole;
}

/** Whether less is known than is kept otherwise. A minute more or less makes no difference to a person. */
export function beginsLater(what: keyof typeof KEPT, since: string, now: Date): boolean {
  return now.getTime() - new Date(since).getTime() < (KEPT[what].minutes - 1) * MINUTE;
}

/** A recent time where the reader is: `23:44` of today, `Mon 4, 23:44` of another day. */
function moment(at: Date, now: Date): string {
  return at.toDateString() === now.toDateString() ? clock(at) : `${weekday(at)}, ${clock(at)}`;
}
