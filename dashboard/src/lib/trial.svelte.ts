import { marked } from './api/marks';
import { Problem } from './api/problem';
import type { DryRun } from './api/types';

/** How a change is asked for: tried out, or saved with what was agreed to. */
export type ChangeQuery = { dry_run?: boolean; override?: 'self-denial'; confirm?: 'deny-all' };

/** A change as the API takes it. With `dry_run` it answers what it would do. */
export type Change<R> = (query: ChangeQuery, signal?: AbortSignal) => Promise<R>;

const PAUSE = 350;

/**
 * A change of who gets in, tried out before it is saved: while somebody types, so that they see what it would do, and once more when they
 * save, so that nobody shuts themselves or everybody out without having agreed to it.
 */
export class Trial {
  run = $state.raw<DryRun | undefined>();
  problem = $state.raw<Problem | undefined>();
  trying = $state(false);
  /** The tick under the warning that the change refuses whoever makes it. */
  agreed = $state(false);
  /** The tick is missing, and somebody tried to save. */
  missed = $state(false);
  #asking = $state(false);
  #saving = false;
  #settle: ((confirmed: boolean) => void) | undefined;
  #running: AbortController | undefined;

  /** Whether the question stands open that everybody would be refused. */
  get asking(): boolean {
    return this.#asking;
  }

  /** Tries `change` out. What cannot be tried is told in `problem`. */
  look(change: Change<unknown>): Promise<DryRun | undefined> {
    return this.#tryOut(change, new AbortController());
  }

  async #tryOut(change: Change<unknown>, running: AbortController): Promise<DryRun | undefined> {
    this.#running?.abort();
    const { signal } = (this.#running = running);
    this.trying = true;
    try {
      const run = (await change({ dry_run: true }, signal)) as DryRun;
      if (signal.aborted) return undefined;
      this.run = run;
      this.problem = undefined;
      if (!run.denies_you) this.agreed = this.missed = false;
      return run;
    } catch (thrown) {
      if (signal.aborted) return undefined;
      this.run = undefined;
      const problem = Problem.from(thrown);
      // Whoever has to prove who they are is told when they save.
      this.problem = problem.code === 'step_up_required' && !this.#saving ? undefined : problem;
      return undefined;
    } finally {
      if (!signal.aborted) this.trying = false;
    }
  }

  forget(): void {
    if (this.#saving) return;
    this.#running?.abort();
    this.run = undefined;
    this.problem = undefined;
    this.trying = this.agreed = this.missed = false;
  }

  /**
   * Saves after what has to be agreed to was agreed to. Nothing was saved where there is no answer: the page shows what is missing.
   * What is wrong with the change is thrown.
   */
  async save<R>(change: Change<R>): Promise<R | undefined> {
    this.#saving = true;
    try {
      return await this.#agreedTo(change);
    } finally {
      this.#saving = false;
    }
  }

  /** Saves what nobody has to agree to; nothing is tried out meanwhile, because what is tried is older by then. */
  async alone<R>(saving: () => Promise<R>): Promise<R> {
    this.#saving = true;
    this.#running?.abort();
    try {
      return await saving();
    } finally {
      this.#saving = false;
    }
  }

  /** Looks on the side, while somebody types: never in the way of saving, and nobody is asked for a proof before they save. */
  async glance(change: Change<unknown>): Promise<void> {
    if (this.#saving) return;
    const running = new AbortController();
    marked(running.signal, 'unasked');
    await this.#tryOut(change, running);
  }

  async #agreedTo<R>(change: Change<R>): Promise<R | undefined> {
    const run = await this.look(change);
    if (this.problem) throw this.problem;
    if (!run) return undefined;
    if (run.denies_everybody) return (await this.#ask()) ? change({ confirm: 'deny-all' }) : undefined;
    if (!run.denies_you) return change({});
    this.missed = !this.agreed;
    return this.agreed ? change({ override: 'self-denial' }) : undefined;
  }

  /** The answer to the question that everybody would be refused. */
  answer(confirmed: boolean): void {
    this.#asking = false;
    this.#settle?.(confirmed);
    this.#settle = undefined;
  }

  #ask(): Promise<boolean> {
    this.#asking = true;
    return new Promise((settle) => (this.#settle = settle));
  }
}

/**
 * A trial that looks by itself, shortly after something changed that `intended` reads; nothing is tried where it answers nothing.
 * Call it while a component is made.
 */
export function trial(intended: () => Change<unknown> | undefined): Trial {
  const made = new Trial();
  $effect(() => {
    const change = intended();
    if (!change) {
      made.forget();
      return;
    }
    made.agreed = made.missed = false;
    const timer = setTimeout(() => void made.glance(change), PAUSE);
    return () => clearTimeout(timer);
  });
  return made;
}
