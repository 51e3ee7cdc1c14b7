import type { LiveHeaders } from '$lib/api';

/** Headers that every answer has anew, whatever is saved. */
const FLEETING = new Set(['date', 'temps-request-id', 'age']);

/** The names of the headers that an answer has otherwise than an earlier one of the same address. */
export function changedNames(before: LiveHeaders | undefined, now: LiveHeaders | undefined): ReadonlySet<string> {
  if (!before || !now || before === now || before.url !== now.url) return new Set();
  const told = ({ headers }: LiveHeaders, name: string) => headers.filter((header) => header.name === name).map(({ value }) => value).join('\n');
  const names = [...before.headers, ...now.headers].map(({ name }) => name);
  return new Set(names.filter((name) => !FLEETING.has(name) && told(before, name) !== told(now, name)));
}
