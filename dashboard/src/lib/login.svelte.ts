import { api, call } from './api/client';
import { Problem } from './api/problem';
import { isChallenge, solve } from './proof-of-work';
import { session } from './session.svelte';

export interface Credentials {
  email: string;
  password: string;
  remember: boolean;
}

/** A proof by something that only the person has. */
export type Proof = { code: string } | { recovery_code: string };

/** A login in its steps: e-mail and password, then a second factor where the person has one. */
export class Login {
  /** By what the login can be finished; nothing while it has not come that far. */
  methods = $state.raw<readonly string[] | undefined>();
  /** The browser is doing the work that the server asked for. */
  working = $state(false);
  /** Why it begins again. */
  reason = $state<string | undefined>();

  /** True when the person is logged in, and false when a second factor is needed. */
  async begin(credentials: Credentials): Promise<boolean> {
    this.reason = undefined;
    const answer = await this.#paying((proof) => call(api.POST('/api/v1/session', { body: { ...credentials, proof } })));
    if ('methods' in answer) {
      this.methods = answer.methods;
      return false;
    }
    await session.begun();
    return true;
  }

  /** True when the person is logged in, and false when the login has to begin again. */
  async finish(proof: Proof): Promise<boolean> {
    try {
      await call(api.POST('/api/v1/session/second-factor', { body: proof }));
    } catch (thrown) {
      const problem = Problem.from(thrown);
      if (problem.code !== 'login_begins_anew') throw problem;
      this.startOver('The code came too late. Log in again.');
      return false;
    }
    await session.begun();
    return true;
  }

  startOver(reason?: string): void {
    this.methods = undefined;
    this.reason = reason;
  }

  /** Makes a call, and once more with the work that the server asks for. */
  async #paying<T>(attempt: (proof?: string) => Promise<T>): Promise<T> {
    try {
      return await attempt();
    } catch (thrown) {
      const problem = Problem.from(thrown);
      if (problem.code !== 'proof_of_work' || !isChallenge(problem.challenge)) throw problem;
      this.working = true;
      try {
        return await attempt(await solve(problem.challenge));
      } finally {
        this.working = false;
      }
    }
  }
}
