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

  reload = async (): Promise<void> => {
    this.#running?.abort();
    const running = new AbortController();
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
  };

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
    if (connection.restored === before && !options.keep) made.clear();
    before = connection.restored;
    void made.reload();
    return () => made.stop();
  });
  return made;
}
