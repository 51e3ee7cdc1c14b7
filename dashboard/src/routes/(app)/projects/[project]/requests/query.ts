import type { Verdict } from '$lib/api';
import type { RequestFilter } from '$lib/requests.svelte';
import { VERDICTS } from '$lib/verdicts';

/** All requests of the last hour, or what was refused and limited in 7 days. */
export type View = 'hour' | 'refusals';

export interface Query extends RequestFilter {
  view: View;
  /** The request that is open. */
  id?: string;
}

const STOPPED: readonly Verdict[] = ['refused', 'throttled'];

/** The verdicts that a view can be filtered by. */
export const verdictsOf = (view: View) => VERDICTS.filter(({ verdict }) => view === 'hour' || STOPPED.includes(verdict));

/** What the address of the page asks for; what it cannot mean is left out. */
export function read(search: URLSearchParams): Query {
  const view: View = search.get('view') === 'refusals' ? 'refusals' : 'hour';
  const verdict = verdictsOf(view).find((entry) => entry.verdict === search.get('verdict'))?.verdict;
  const text = (name: string) => search.get(name)?.trim() || undefined;
  return { view, verdict, client: text('client'), environment: text('environment'), id: text('id') };
}

/** The query of an address, without what goes without saying. */
export function write({ view, ...filter }: Query): string {
  const search = new URLSearchParams();
  if (view !== 'hour') search.set('view', view);
  for (const name of ['verdict', 'client', 'environment', 'id'] as const) {
    const value = filter[name];
    if (value !== undefined && value !== '') search.set(name, value);
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}
