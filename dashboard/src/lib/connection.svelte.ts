import { around } from './api/client';
import { backoff } from './backoff';

/** Whether the server can be reached. A lost connection is tried again by itself, ever more slowly, and at once when asked. */
class Connection {
  lost = $state(false);
  /** Counts how often it came back; whoever reads it in an effect loads again then. */
  restored = $state(0);
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  reached(): void {
    if (!this.lost) return;
    clearTimeout(this.#timer);
    this.lost = false;
    this.restored += 1;
  }

  unreachable(): void {
    if (this.lost) return;
    this.lost = true;
    this.#attempt = 0;
    this.#wait();
  }

  /** Asks the server whether it is there. */
  check = async (): Promise<void> => {
    clearTimeout(this.#timer);
    if (await healthy()) return this.reached();
    if (this.lost) this.#wait();
    else this.unreachable();
  };

  #wait(): void {
    this.#timer = setTimeout(this.check, backoff(this.#attempt));
    this.#attempt += 1;
  }
}

async function healthy(): Promise<boolean> {
  try {
    const response = await fetch('/healthz', { cache: 'no-store' });
    return response.ok;
  } catch {
    return false;
  }
}

export const connection = new Connection();
around.reached = () => connection.reached();
around.unreachable = () => connection.unreachable();

if (typeof window !== 'undefined') window.addEventListener('online', connection.check);
