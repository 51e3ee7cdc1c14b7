import { afterNavigate, replaceState } from '$app/navigation';
import { on } from 'svelte/events';
import { Problem } from './api/problem';
import { tokenOf } from './setup';

/**
 * The token of a one-time link, behind `#token=`. It leaves the address bar, and with it the history, as soon as it was read.
 * Made while a component is.
 */
export class LinkToken {
  /** Whether the link had a token, which nobody then has to paste. */
  given = $state(false);

  /** `path` is what stays in the address bar; `take` gets the token. */
  constructor(path: string, take: (token: string) => void) {
    const read = () => {
      const token = tokenOf(location.hash);
      if (token === undefined) return;
      take(token);
      this.given = true;
      replaceState(path, {});
    };
    afterNavigate(read);
    $effect(() => on(window, 'hashchange', read));
  }

  /** Sends the token; when it is refused, another one may be pasted. */
  async spend<T>(sent: Promise<T>): Promise<T> {
    try {
      return await sent;
    } catch (thrown) {
      if (Problem.from(thrown).status === 403) this.given = false;
      throw thrown;
    }
  }
}
