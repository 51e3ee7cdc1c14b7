import type { LastDeployment, RequestRecord } from './api/types';
import { api, call } from './api/client';
import { byItself } from './api/marks';
import { backoff } from './backoff';
import { connection } from './connection.svelte';
import { liveState, type Heard, type LiveState } from './live-state';
import { session } from './session.svelte';

/** The events of a project's stream with their data. */
export interface LiveEvents {
  requests: { items: RequestRecord[]; more: number; at: string; behind_ms: number };
  /** Events were lost; null where nobody knows how many. What a page counted is to be loaded again. */
  missed: { requests: number | null };
  deployment: LastDeployment & { live: true };
  unpacking: { environment: string; files: number; bytes: number; by: string };
  changed: { what: 'firewall' | 'headers' | 'domains' | 'environments' };
  tick: { at: string };
  bye: { reason: 'session' | 'stopping' | 'permission' };
}

type Name = keyof LiveEvents;
type Listener<N extends Name> = (data: LiveEvents[N]) => void;

const NAMES: Name[] = ['requests', 'missed', 'deployment', 'unpacking', 'changed', 'tick', 'bye'];

/** What happens in a project, as it happens. The browser resumes a broken stream; what it gives up is opened anew here. */
export class Live {
  state = $state<LiveState>('connecting');
  /** When the last event came. */
  lastAt = $state.raw<Date | undefined>();
  #heard: Heard = { open: undefined, lastAt: undefined, behindMs: 0 };
  #path: string;
  #source: EventSource | undefined;
  #listeners = new Map<Name, Set<Listener<never>>>();
  #attempt = 0;
  #opened = false;
  /** Whether no requests came since the last tick. */
  #quiet = true;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;

  constructor(project: string) {
    this.#path = `/api/v1/projects/${encodeURIComponent(project)}/stream`;
  }

  /** Opens the stream; the answer closes it for good. */
  start(): () => void {
    this.#open();
    this.#watch = setInterval(() => this.#judge(), 1000);
    return () => {
      clearInterval(this.#watch);
      this.#close();
    };
  }

  /** Calls `listener` for each event of this name; the answer ends that. In a component: `$effect(() => live.on('requests', …))`. */
  on<N extends Name>(name: N, listener: Listener<N>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  #open(): void {
    this.#close();
    const source = new EventSource(this.#path);
    this.#source = source;
    source.onopen = () => {
      this.#attempt = 0;
      this.#hear({ open: true });
      connection.reached();
      // A stream that is opened anew cannot say where it left off, so whoever counts begins again.
      if (this.#opened) this.#tell('missed', { requests: null });
      this.#opened = true;
    };
    source.onerror = () => this.#fail(source.readyState === EventSource.CLOSED);
    for (const name of NAMES) {
      source.addEventListener(name, (event: MessageEvent<string>) => this.#receive(name, event.data));
    }
  }

  #close(): void {
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = undefined;
  }

  #receive(name: Name, text: string): void {
    const data: unknown = JSON.parse(text);
    this.lastAt = new Date();
    this.#hear({ open: true, behindMs: this.#behindAfter(name, data) });
    this.#tell(name, data as LiveEvents[Name]);
    if (name === 'bye') void this.#end((data as LiveEvents['bye']).reason);
  }

  /** Requests say how far behind they are; a tick after which none came says that there are none. */
  #behindAfter(name: Name, data: unknown): number {
    if (name === 'requests') {
      this.#quiet = false;
      return (data as LiveEvents['requests']).behind_ms;
    }
    const caughtUp = name === 'tick' && this.#quiet;
    if (name === 'tick') this.#quiet = true;
    return caughtUp ? 0 : this.#heard.behindMs;
  }

  #tell<N extends Name>(name: N, data: LiveEvents[N]): void {
    for (const listener of this.#listeners.get(name) ?? []) (listener as Listener<N>)(data);
  }

  #fail(forGood: boolean): void {
    this.#hear({ open: false });
    void connection.check();
    if (!forGood) return;
    this.#retry = setTimeout(() => void this.#reopen(), backoff(this.#attempt));
    this.#attempt += 1;
  }

  async #end(reason: LiveEvents['bye']['reason']): Promise<void> {
    this.#close();
    this.#hear({ open: false });
    if (reason === 'permission') return;
    if (reason === 'session') {
      if (await session.renew()) this.#open();
      return;
    }
    this.#fail(true);
  }

  /** A refused stream does not say why to the browser; asking who is logged in does, and renews an ended session. */
  async #reopen(): Promise<void> {
    try {
      await call(api.GET('/api/v1/me', { signal: byItself() }));
      this.#open();
    } catch {
      this.#fail(true);
    }
  }

  #hear(news: Partial<Heard>): void {
    this.#heard = { ...this.#heard, ...news, lastAt: news.open ? performance.now() : this.#heard.lastAt };
    this.#judge();
  }

  #judge(): void {
    this.state = liveState(this.#heard, performance.now());
  }
}
