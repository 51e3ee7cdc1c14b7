import { Problem } from './api/problem';

/** Something that is edited: what one began with, and what somebody else saved in the meantime. */
export class Edited<T> {
  base: T = $state.raw() as T;
  theirs = $state.raw<T | undefined>();
  /** Somebody removed it in the meantime. */
  gone = $state(false);
  #load: () => Promise<T>;
  #removable: boolean;

  /** With `removable`, what is not there any more is `gone` instead of a failure. */
  constructor(base: T, load: () => Promise<T>, removable = false) {
    this.base = base;
    this.#load = load;
    this.#removable = removable;
  }

  /** Saves over what one began with. Where somebody else was faster there is no answer: `theirs` is what they saved, or it is `gone`. */
  async save<R>(attempt: (base: T) => Promise<R>): Promise<R | undefined> {
    try {
      return await attempt(this.base);
    } catch (thrown) {
      await this.#compare(thrown);
      return undefined;
    }
  }

  async #compare(thrown: unknown): Promise<void> {
    try {
      if (Problem.from(thrown).status !== 412) throw thrown;
      this.theirs = await this.#load();
    } catch (failed) {
      if (!this.#removable || Problem.from(failed).status !== 404) throw failed;
      this.gone = true;
    }
  }

  /** Goes on from what they saved: with their values in the form, or to save one's own over it. */
  adopt(): T {
    this.base = this.theirs ?? this.base;
    this.theirs = undefined;
    return this.base;
  }
}
