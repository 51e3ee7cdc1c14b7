import { api, around, call } from './api/client';
import type { InstancePermission, Me } from './api/types';
import { Problem } from './api/problem';
import { projects } from './projects.svelte';

/** Who is logged in, and the way back in when a session ends while a page is open. */
class Session {
  me = $state.raw<Me | null>(null);
  /** The session ended under an open page, which waits for the password. */
  expired = $state(false);
  /** Whether the server was asked, or told, since the page was loaded. */
  #asked = false;
  #renewal: { promise: Promise<boolean>; settle: (again: boolean) => void } | undefined;

  /** Asks the server who is logged in; null for nobody. */
  async load(): Promise<Me | null> {
    try {
      this.#become(await call(api.GET('/api/v1/me')));
    } catch (thrown) {
      if (!(thrown instanceof Problem) || thrown.status !== 401) throw thrown;
      this.#become(null);
    }
    this.#asked = true;
    return this.me;
  }

  /** Who is logged in; asks the server only once. */
  async known(): Promise<Me | null> {
    return this.#asked ? this.me : this.load();
  }

  allows(permission: InstancePermission): boolean {
    return this.me?.permissions?.includes(permission) ?? false;
  }

  async logIn(email: string, password: string): Promise<void> {
    await call(api.POST('/api/v1/session', { body: { email, password } }));
    await this.load();
    this.#settle(true);
  }

  async logOut(): Promise<void> {
    await call(api.DELETE('/api/v1/session'));
    this.#become(null);
  }

  /** Opens the question for the password over the page; true when the person is logged in again. */
  renew(): Promise<boolean> {
    if (this.me === null) return Promise.resolve(false);
    if (this.#renewal === undefined) {
      const { promise, resolve } = deferred<boolean>();
      this.#renewal = { promise, settle: resolve };
      this.expired = true;
    }
    return this.#renewal.promise;
  }

  /** The person would rather log in as somebody else. */
  abandon(): void {
    this.#become(null);
    this.#settle(false);
  }

  /** What was loaded for one person is not for the next one. */
  #become(me: Me | null): void {
    if (me?.id !== this.me?.id) projects.forget();
    this.me = me;
  }

  #settle(again: boolean): void {
    this.expired = false;
    this.#renewal?.settle(again);
    this.#renewal = undefined;
  }
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

export const session = new Session();
around.renew = () => session.renew();
