import { Problem } from './api/problem';
import { Resource } from './resource.svelte';
import { connection } from './connection.svelte';

interface Page {
  items: unknown[];
  next?: string | null;
}
type LoadPage<P> = (cursor: string | undefined, signal: AbortSignal | undefined) => Promise<P>;

/** A list that the API gives in pages. `more` adds the next one. */
export class PagedList<P extends Page> {
  /** The first page, with its states. */
  first: Resource<P>;
  #further = $state.raw<P['items'][number][]>([]);
  #next = $state<string | null | undefined>();
  loadingMore = $state(false);
  moreProblem = $state.raw<Problem | undefined>();
  #page: LoadPage<P>;

  constructor(page: LoadPage<P>) {
    this.#page = page;
    this.first = new Resource(async (signal) => {
      const first = await page(undefined, signal);
      this.#further = [];
      this.#next = first.next;
      return first;
    });
  }

  get items(): P['items'] {
    return [...(this.first.value?.items ?? []), ...this.#further];
  }

  get hasMore(): boolean {
    return this.#next !== null && this.#next !== undefined;
  }

  more = async (): Promise<void> => {
    if (!this.#next || this.loadingMore) return;
    const began = this.first.value;
    this.loadingMore = true;
    this.moreProblem = undefined;
    try {
      const page = await this.#page(this.#next, undefined);
      // The list may have been loaded anew in the meantime.
      if (this.first.value !== began) return;
      this.#further = [...this.#further, ...page.items];
      this.#next = page.next;
    } catch (thrown) {
      this.moreProblem = Problem.from(thrown);
    } finally {
      this.loadingMore = false;
    }
  };
}

/** Like `resource`, for lists: loads at once and again when something changes that `page` reads before its first `await`. */
export function pagedList<P extends Page>(page: LoadPage<P>, options: { keep?: boolean } = {}): PagedList<P> {
  const list = new PagedList(page);
  let before = connection.restored;
  $effect(() => {
    const back = connection.restored !== before;
    if (!back && !options.keep) list.first.clear();
    before = connection.restored;
    void (back ? list.first.refresh() : list.first.reload());
    return () => list.first.stop();
  });
  return list;
}
