// Numbers, sizes, durations and times in the words that a person reads. The same everywhere.

const NUMBER = new Intl.NumberFormat('en-GB');
// Made once: each costs as much as formatting hundreds of times.
const LOCAL = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'short',
});
const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const WEEKDAY = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric' });
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const number = (value: number): string => NUMBER.format(value);

/** `1 request`, `48,212 requests`; the plural is given where it is no simple `s`. */
export function count(value: number, one: string, many = `${one}s`): string {
  return `${number(value)} ${value === 1 ? one : many}`;
}

/** Bytes with the unit of 1,024: `0 B`, `1.5 MiB`. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  let scaled = value;
  while (scaled >= 1024 && unit < units.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? scaled : rounded(scaled)} ${units[unit]}`;
}

/** Milliseconds as `0.09 ms`, `38 ms`, `1.4 s`, `2 min`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 10) return `${Number(milliseconds.toFixed(milliseconds < 1 ? 2 : 1))} ms`;
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${rounded(seconds)} s`;
  return seconds < HOUR ? `${Math.round(seconds / MINUTE)} min` : `${rounded(seconds / HOUR)} h`;
}

/** The part of a whole: `2.2 %`; nothing of nothing is `0 %`. */
export function percent(part: number, whole: number): string {
  if (part === 0 || whole === 0) return '0 %';
  const value = (100 * part) / whole;
  if (value < 0.1) return '< 0.1 %';
  return `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)} %`;
}

/** The change against before: `+4 %`, `-12 %`; nothing where there was nothing before. */
export function change(now: number, before: number): string | undefined {
  if (before === 0) return undefined;
  const value = Math.round((100 * (now - before)) / before);
  return value === 0 ? 'unchanged' : `${value > 0 ? '+' : '−'}${number(Math.abs(value))} %`;
}

/** How long ago, or until: `just now`, `4 s ago`, `in 3 days`. */
export function relative(at: Date, now: Date): string {
  const seconds = Math.round((at.getTime() - now.getTime()) / 1000);
  const distance = Math.abs(seconds);
  if (distance < 2) return 'just now';
  const words = span(distance);
  return seconds < 0 ? `${words} ago` : `in ${words}`;
}

function span(seconds: number): string {
  if (seconds < MINUTE) return `${seconds} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < 2 * DAY) return `${Math.floor(seconds / HOUR)} h`;
  if (seconds < 60 * DAY) return `${Math.floor(seconds / DAY)} days`;
  return seconds < 2 * 365 * DAY ? `${Math.floor(seconds / (30 * DAY))} months` : `${Math.floor(seconds / (365 * DAY))} years`;
}

/** The exact time in UTC: `2026-05-04 13:10:07 UTC`. */
export function exactUtc(at: Date): string {
  return `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** The exact time where the reader is, with the zone: `4 May 2026, 15:10:07 CEST`. */
export function exactLocal(at: Date): string {
  return LOCAL.format(at);
}

/** Hours and minutes where the reader is. */
export function clock(at: Date): string {
  return CLOCK.format(at);
}

/** The day where the reader is: `Mon 4`. */
export function weekday(at: Date): string {
  return WEEKDAY.format(at);
}

/** A part of a sentence, such as the API's `is too short`, as a sentence. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return trimmed;
  return trimmed.charAt(0).toUpperCase() + trimmed.slice(1) + (/[.?!:]$/.test(trimmed) ? '' : '.');
}

/** A name that the API takes as slug, proposed from any text; empty where nothing usable remains. */
export function slugOf(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{Mark}/gu, '').toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, '-').replace(/^[^a-z]+/, '').slice(0, 40).replace(/-+$/, '');
}

const SLUG = /^[a-z][a-z0-9-]{0,38}[a-z0-9]$/;

/** What is wrong with a short name, so far as it can be told without the server. */
export function slugProblem(slug: string): string | undefined {
  return SLUG.test(slug) ? undefined : 'Two to 40 of a to z, 0 to 9 and hyphens, beginning with a letter and ending with no hyphen.';
}
export const REQUEST_ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

function rounded(value: number): string {
  return NUMBER.format(value < 10 ? Number(value.toFixed(1)) : Math.round(value));
}
