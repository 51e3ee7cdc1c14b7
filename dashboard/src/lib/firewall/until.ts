/** For how long a rule holds. */
export type Until = 'never' | 'hour' | 'day' | 'week' | 'month' | 'exact';

export const UNTIL: readonly { value: Until; label: string }[] = [
  { value: 'never', label: 'No end' },
  { value: 'hour', label: 'In 1 hour' },
  { value: 'day', label: 'In 24 hours' },
  { value: 'week', label: 'In 7 days' },
  { value: 'month', label: 'In 30 days' },
  { value: 'exact', label: 'An exact time' },
];

const HOURS: Partial<Record<Until, number>> = { hour: 1, day: 24, week: 7 * 24, month: 30 * 24 };

/** When a rule ends, for the API; null for one that does not. Nothing where the exact time is no time. */
export function expiresAt(until: Until, exact: string, now: Date): string | null | undefined {
  if (until === 'never') return null;
  const hours = HOURS[until];
  const end = hours ? new Date(now.getTime() + hours * 3_600_000) : new Date(exact);
  return Number.isNaN(end.getTime()) ? undefined : end.toISOString();
}

/** A time as `<input type="datetime-local">` takes it, where the reader is. */
export function localInput(at: Date): string {
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
