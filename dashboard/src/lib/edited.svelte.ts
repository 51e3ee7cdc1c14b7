import { Problem } from './api/problem';

/** Something that is edited: what one began with, and what somebody else saved in the meantime. */
export class Edited<T> {
  base: T = $state.raw() as T;
  theirs = $state.raw<T | undefined>();
  #load: () => Promise<T>;

  constructor(base: T, load: () => Promise<T>) {
    this.base = base;
    this.#load = load;
  }

  /** Saves over what one began with. Where somebody else was faster there is no answer, and `theirs` is what they saved. */
  async save<R>(attempt: (base: T) => Promise<R>): Promise<R | undefined> {
    try {
      return await attempt(this.base);
    } catch (thrown) {
      if (Problem.from(thrown).status !== 412) throw thrown;
      this.theirs = await this.#load();
      return undefined;
    }
  }

  /** Goes on from what they saved: with their values in the form, or to save one's own over it. */
  adopt(): T {
    this.base = this.theirs ?? this.base;
    this.theirs = undefined;
    return this.base;
  }
}
