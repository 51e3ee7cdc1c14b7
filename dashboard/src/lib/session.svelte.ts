import { api, around, call } from './api/client';
import type { Demand } from './api/demand';
import { byItself } from './api/marks';
import type { InstancePermission, Me } from './api/types';
import { Problem } from './api/problem';
import { projects } from './projects.svelte';
import { Question } from './question.svelte';

/** A fresh proof that is asked for. */
export interface WantedProof {
  /** By which it can be given: `password`, `totp`, `recovery_code`. */
  methods: readonly string[];
  /** The session was used in two places at once: nothing goes on without it. */
  suspected: boolean;
}

/** Who is logged in, and what a page asks them for in place: the way back in when a session ended, and a fresh proof. */
class Session {
  me = $state.raw<Me | null>(null);
  /** Open while the session has ended under a page, which waits for the login. */
  readonly login = new Question<true>();
  /** Open while a call waits for a fresh proof. */
  readonly proof = new Question<WantedProof>();
  /** Whether the server was asked, or told, since the page was loaded. */
  #asked = false;

  /** Asks the server who is logged in; null for nobody. */
  async load(signal?: AbortSignal): Promise<Me | null> {
    try {
      this.#become(await call(api.GET('/api/v1/me', { signal })));
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

  /** Somebody logged in. Where a session had ended under a page, the page goes on; a login is a fresh proof, too. */
  async begun(): Promise<void> {
    await this.load();
    this.login.settle(true);
    this.proof.settle(true);
  }

  async logOut(): Promise<void> {
    await call(api.DELETE('/api/v1/session'));
    this.#forget();
  }

  /** Opens the question for the login over the page; true when the person is logged in again. */
  renew(): Promise<boolean> {
    if (this.me === null) return Promise.resolve(false);
    return this.login.ask(true);
  }

  /** The person would rather log in as somebody else. */
  abandon(): void {
    this.#forget();
  }

  /** The proof was right. */
  async proved(): Promise<void> {
    if (this.me?.must_prove) await this.load();
    this.proof.settle(true);
  }

  /** Asks for what the server demands before a call; true when it may be made again. */
  async meet(demand: Demand): Promise<boolean> {
    if (this.me === null) return false;
    if (demand.for === 'login') return this.renew();
    if (this.proof.open) return this.proof.ask(this.proof.open);
    await this.load(byItself());
    // The layout leads to the page where one is added.
    if (demand.for === 'second-factor') return false;
    return this.proof.ask({ methods: demand.methods, suspected: this.me?.must_prove ?? false });
  }

  #forget(): void {
    this.#become(null);
    this.login.settle(false);
    this.proof.settle(false);
  }

  /** What was loaded for one person is not for the next one. */
  #become(me: Me | null): void {
    if (me?.id !== this.me?.id) projects.forget();
    this.me = me;
  }
}

export const session = new Session();
around.meet = (demand) => session.meet(demand);
