import { untrack } from 'svelte';
import type { RequestPage, RequestRecord, Verdict } from './api/types';
import { pagedList, type PagedList } from './list.svelte';
import type { ProjectContext } from './project.svelte';

/** Rows that may be added to a list before it is loaded anew. */
const ADDED = 300;

/** Which requests a list shows. */
export interface RequestFilter {
  verdict?: Verdict;
  client?: string;
  environment?: string;
}

/** Whether a request that just ended belongs to a filtered list. */
export function matches(request: RequestRecord, { verdict, client, environment }: RequestFilter): boolean {
  return (
    (verdict === undefined || request.verdict === verdict) &&
    (client === undefined || request.client === client) &&
    (environment === undefined || request.environment === environment)
  );
}

type LoadRequests = (cursor: string | undefined, signal: AbortSignal | undefined) => Promise<RequestPage>;

/** A list of requests, newest first, that grows at the top as they end. While it is held, new ones wait. */
export class LiveRequests {
  list: PagedList<RequestPage>;
  #arrived = $state.raw<RequestRecord[]>([]);
  #waiting = $state.raw<RequestRecord[]>([]);
  /** What ends while the first page is on its way. */
  #during: RequestRecord[] | undefined;
  #includes: (request: RequestRecord) => boolean;
  #held: () => boolean;

  constructor(load: LoadRequests, includes: (request: RequestRecord) => boolean, held: () => boolean) {
    this.#includes = includes;
    this.#held = held;
    this.list = pagedList((cursor, signal) => (cursor === undefined ? this.#begin(load, signal) : load(cursor, signal)));
  }

  get items(): RequestRecord[] {
    const loaded = this.list.items;
    if (this.#arrived.length === 0) return loaded;
    const known = new Set(loaded.map(({ id }) => id));
    return [...this.#arrived.filter(({ id }) => !known.has(id)), ...loaded];
  }

  /** How many wait until the list is no longer held: `12`, `300+`; empty for none. */
  get waiting(): string {
    const { length } = this.#waiting;
    return length > ADDED ? `${ADDED}+` : length > 0 ? String(length) : '';
  }

  /** Takes requests of the stream, the newest last. */
  add(requests: readonly RequestRecord[]): void {
    const fitting = requests.filter(this.#includes).toReversed();
    if (fitting.length === 0) return;
    if (this.#during) this.#during = [...fitting, ...this.#during];
    this.#waiting = [...fitting, ...this.#waiting].slice(0, ADDED + 1);
    if (!this.#held()) this.release();
  }

  /** Shows what waited. */
  release(): void {
    if (this.#waiting.length === 0) return;
    if (this.#waiting.length + this.#arrived.length > ADDED) void this.list.first.refresh();
    else this.#arrived = [...this.#waiting, ...this.#arrived];
    this.#waiting = [];
  }

  async #begin(load: LoadRequests, signal: AbortSignal | undefined): Promise<RequestPage> {
    this.#during = [];
    const page = await load(undefined, signal);
    if (!signal?.aborted) {
      this.#arrived = this.#during ?? [];
      this.#waiting = [];
      this.#during = undefined;
    }
    return page;
  }
}

/** Use it while a component is made; what `load` and `includes` read before their first `await` is reactive. */
export function liveRequests(
  project: ProjectContext,
  load: LoadRequests,
  includes: (request: RequestRecord) => boolean,
  held: () => boolean,
): LiveRequests {
  const requests = new LiveRequests(load, includes, held);
  $effect(() => project.live.on('requests', ({ items }) => requests.add(items)));
  $effect(() => project.live.on('missed', () => void requests.list.first.refresh()));
  $effect(() => {
    if (!held()) untrack(() => requests.release());
  });
  return requests;
}
