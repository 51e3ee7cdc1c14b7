import type { Problem } from './api/problem';
import { duration } from './format';

export type Tone = 'done' | 'problem';

export interface Toast {
  id: number;
  tone: Tone;
  text: string;
  detail?: string;
  requestId?: string;
  action?: { label: string; run: () => void | Promise<void> };
}

const PLAIN = 5000;
const WITH_ACTION = 10_000;

/** Short notes about what happened, read out by screen readers. They wait while the pointer or the focus is on them. */
class Toasts {
  shown = $state<Toast[]>([]);
  #next = 1;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();

  /** Something was done. With `undo`, a button takes it back. */
  done(text: string, options: { detail?: string; undo?: () => void | Promise<void> } = {}): void {
    const action = options.undo && { label: 'Undo', run: options.undo };
    this.#show({ tone: 'done', text, detail: options.detail, action });
  }

  /** A change is in force. */
  effective(text: string, milliseconds: number | null | undefined, undo?: () => void | Promise<void>): void {
    this.done(text, { detail: inForce(milliseconds), undo });
  }

  /** Something failed that no form shows. */
  problem(problem: Problem): void {
    if (problem.kind === 'aborted') return;
    const [first] = problem.fields.values();
    const detail = [first ?? problem.detail, problem.hint].filter(Boolean).join(' ');
    this.#show({ tone: 'problem', text: problem.title, detail, requestId: problem.requestId });
  }

  dismiss(id: number): void {
    this.pause(id);
    this.shown = this.shown.filter((toast) => toast.id !== id);
  }

  pause(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  resume(toast: Toast): void {
    this.pause(toast.id);
    // A problem stays until it is read and closed.
    if (toast.tone === 'problem') return;
    this.#timers.set(toast.id, setTimeout(() => this.dismiss(toast.id), toast.action ? WITH_ACTION : PLAIN));
  }

  #show(toast: Omit<Toast, 'id'>): void {
    const made = { ...toast, id: this.#next++ };
    this.shown = [...this.shown, made].slice(-4);
    this.resume(made);
  }
}

/** `In force after 1.4 ms on every worker.` */
export function inForce(milliseconds: number | null | undefined): string {
  if (milliseconds === undefined) return '';
  if (milliseconds === null) return 'Saved; a worker did not report within two seconds that it is in force.';
  return `In force after ${duration(milliseconds)} on every worker.`;
}

export const toasts = new Toasts();
