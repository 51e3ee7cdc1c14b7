import { marked } from './api/marks';
import { Problem } from './api/problem';
import { connection } from './connection.svelte';

/** Something that is loaded: nothing yet, a value, or why there is none. A value stays while it is loaded again. */
export class Resource<T> {
  value = $state.raw<T | undefined>();
  problem = $state.raw<Problem | undefined>();
  loading = $state(true);
  #load: (signal: AbortSignal) => Promise<T>;
  #running: AbortController | undefined;

  constructor(load: (signal: AbortSignal) => Promise<T>) {
    this.#load = load;
  }

  /** Loads it because somebody asked for it. */
  reload = (): Promise<void> => this.#begin(new AbortController());

  /** Loads it because the page thinks so, which keeps no session alive. */
  refresh = (): Promise<void> => {
    const running = new AbortController();
    marked(running.signal, 'background');
    return this.#begin(running);
  };

  async #begin(running: AbortController): Promise<void> {
    this.#running?.abort();
    this.#running = running;
    this.loading = true;
    try {
      const value = await this.#load(running.signal);
      if (running.signal.aborted) return;
      this.value = value;
      this.problem = undefined;
    } catch (thrown) {
      if (running.signal.aborted) return;
      this.problem = Problem.from(thrown);
    }
    this.loading = false;
  }

  /** Forgets the value, as when another thing is looked at. */
  clear(): void {
    this.value = undefined;
    this.problem = undefined;
    this.loading = true;
  }

  stop(): void {
    this.#running?.abort();
  }
}

/**
 * Loads while the component lives: at once, when something changes that `load` reads before its first `await`, and when a lost
 * connection is back. Pass `keep: true` to go on showing the old value when what `load` reads changes.
 */
export function resource<T>(load: (signal: AbortSignal) => Promise<T>, options: { keep?: boolean } = {}): Resource<T> {
  const made = new Resource(load);
  let before = connection.restored;
  $effect(() => {
    const back = connection.restored !== before;
    if (!back && !options.keep) made.clear();
    before = connection.restored;
    void (back ? made.refresh() : made.reload());
    return () => made.stop();
  });
  return made;
}
