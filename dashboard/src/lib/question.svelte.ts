/** Something that is asked over the open page. Whoever needs the answer while the question is open gets the same one. */
export class Question<T> {
  /** What is asked; nothing while nothing is. */
  open = $state.raw<T | undefined>();
  #answer: Promise<boolean> | undefined;
  #settle: ((answer: boolean) => void) | undefined;

  ask(what: T): Promise<boolean> {
    this.open ??= what;
    this.#answer ??= new Promise((settle) => (this.#settle = settle));
    return this.#answer;
  }

  settle(answer: boolean): void {
    this.open = undefined;
    this.#settle?.(answer);
    this.#answer = this.#settle = undefined;
  }
}
