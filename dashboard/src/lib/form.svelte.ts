import { tick } from 'svelte';
import type { DryRun } from './api/types';
import { Problem } from './api/problem';

export interface FormOptions<V extends object, R> {
  /** What the form begins with. */
  values: V;
  /** Sends it. What it throws is shown at the fields that it names, else above the buttons. */
  submit: (values: V) => Promise<R>;
  /** Sends it as a dry run; used by `tryOut`. */
  dryRun?: (values: V) => Promise<DryRun>;
  /** What is wrong with the values as far as the browser can tell, by field. */
  check?: (values: V) => Record<string, string | undefined>;
  done?: (result: R, values: V) => void | Promise<void>;
}

/**
 * The state of a form: values, what is wrong with them, and whether it is being sent. What was typed stays whatever happens.
 * Use: `<form {...form.attributes}>`, inputs with `name`, `bind:value={form.values.x}` and `error={form.error('x')}`, and
 * `<FormProblem {form} />` above the buttons.
 */
export class Form<V extends object, R = unknown> {
  values: V;
  busy = $state(false);
  /** What went wrong and belongs to no visible field. */
  problem = $state.raw<Problem | undefined>();
  /** What the change would do, after `tryOut`, until something is typed. */
  preview = $state.raw<DryRun | undefined>();
  #errors = $state<Record<string, string>>({});
  #options: FormOptions<V, R>;
  #element: HTMLFormElement | undefined;
  #initial: V;

  constructor(options: FormOptions<V, R>) {
    this.#options = options;
    this.#initial = structuredClone(options.values);
    const values = $state(structuredClone(options.values));
    this.values = values;
  }

  readonly attributes = {
    novalidate: true,
    onsubmit: (event: SubmitEvent) => {
      event.preventDefault();
      this.#element = event.currentTarget as HTMLFormElement;
      void this.submit();
    },
    oninput: (event: Event) => {
      this.preview = undefined;
      const name = (event.target as HTMLInputElement).name;
      if (name in this.#errors) delete this.#errors[name];
    },
  };

  /** What is wrong with the field of this path, such as `limits.rate.burst`. */
  error(path: string): string | undefined {
    return this.#errors[path];
  }

  /** Everything that is wrong with fields, also with those that are not shown. */
  get errors(): Readonly<Record<string, string>> {
    return this.#errors;
  }

  get changed(): boolean {
    return JSON.stringify(this.values) !== JSON.stringify(this.#initial);
  }

  submit = async (): Promise<R | undefined> => {
    return this.#run(async (values) => {
      const result = await this.#options.submit(values);
      this.preview = undefined;
      await this.#options.done?.(result, values);
      return result;
    });
  };

  /** Asks the server what the change would do, and shows errors as `submit` does. */
  tryOut = async (): Promise<DryRun | undefined> => {
    const { dryRun } = this.#options;
    if (!dryRun) return undefined;
    return this.#run(async (values) => (this.preview = await dryRun(values)));
  };

  /** Shows a problem in the form, as if sending had failed with it. */
  async fail(thrown: unknown): Promise<void> {
    const problem = Problem.from(thrown);
    if (problem.kind === 'aborted') return;
    this.#errors = Object.fromEntries(problem.fields);
    this.problem = problem.fields.size === 0 || this.#unshown(problem.fields.keys()) ? problem : undefined;
    await this.#focusFirst();
  }

  /** Begins anew, with other values if they are given. */
  reset(values?: V): void {
    if (values) this.#initial = structuredClone(values);
    Object.assign(this.values, structuredClone(this.#initial));
    this.#errors = {};
    this.problem = undefined;
    this.preview = undefined;
  }

  async #run<T>(work: (values: V) => Promise<T>): Promise<T | undefined> {
    if (this.busy) return undefined;
    this.problem = undefined;
    const values = $state.snapshot(this.values) as V;
    this.#errors = found(this.#options.check?.(values));
    if (Object.keys(this.#errors).length > 0) {
      await this.#focusFirst();
      return undefined;
    }
    this.busy = true;
    try {
      return await work(values);
    } catch (thrown) {
      // The fields are usable again before one of them gets the focus.
      this.busy = false;
      await this.fail(thrown);
      return undefined;
    } finally {
      this.busy = false;
    }
  }

  #unshown(paths: Iterable<string>): boolean {
    return [...paths].some((path) => !this.#element?.elements.namedItem(path));
  }

  async #focusFirst(): Promise<void> {
    await tick();
    this.#element?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }
}

function found(errors: Record<string, string | undefined> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(errors).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
