import { sentence } from '$lib/format';
import type { ProblemDetails } from './types';

/** How a call failed: the server said why, it could not be reached, or the caller gave up. */
export type ProblemKind = 'answer' | 'offline' | 'aborted';

/** Every failure of a call, in the words that a person reads. */
export class Problem extends Error {
  readonly kind: ProblemKind;
  /** The HTTP status; 0 without an answer. */
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly hint: string | undefined;
  readonly requestId: string | undefined;
  /** What is wrong with single fields, by their path such as `limits.rate.burst`. */
  readonly fields: ReadonlyMap<string, string>;
  /** By what the person can prove who they are. */
  readonly methods: readonly string[];
  /** What has to be solved first. */
  readonly challenge: unknown;

  constructor(kind: ProblemKind, details: Partial<ProblemDetails> & { title: string; detail: string; code: string }) {
    super(details.detail);
    this.name = 'Problem';
    this.kind = kind;
    this.status = details.status ?? 0;
    this.code = details.code;
    this.title = details.title;
    this.detail = details.detail;
    this.hint = details.hint ?? undefined;
    this.requestId = details.request_id;
    this.fields = new Map((details.errors ?? []).map(({ field, message }) => [field, sentence(message)]));
    this.methods = details.methods ?? [];
    this.challenge = details.challenge ?? undefined;
  }

  static offline(): Problem {
    return new Problem('offline', {
      code: 'offline',
      title: 'Temps cannot be reached',
      detail: 'The server did not answer.',
      hint: 'Check your connection, and that Temps is running.',
    });
  }

  static aborted(): Problem {
    return new Problem('aborted', { code: 'aborted', title: 'Cancelled', detail: 'The call was cancelled.' });
  }

  /** Reads what the server answered; also the answers of the edge, which are pages and not JSON. */
  static answered(response: { status: number; headers: { get(name: string): string | null } }, body: unknown): Problem {
    if (isDetails(body)) return new Problem('answer', { ...body, ...FOR_PEOPLE[body.code], status: response.status });
    const requestId = response.headers.get('temps-request-id') ?? undefined;
    return new Problem('answer', { ...withoutBody(response.status), status: response.status, request_id: requestId });
  }

  /** Whatever was thrown, as a problem. A fault of the dashboard itself keeps its message. */
  static from(thrown: unknown): Problem {
    if (thrown instanceof Problem) return thrown;
    if (thrown instanceof DOMException && thrown.name === 'AbortError') return Problem.aborted();
    console.error(thrown);
    const detail = thrown instanceof Error ? sentence(thrown.message) : 'Something unexpected happened.';
    return new Problem('answer', { code: 'dashboard', title: 'The dashboard failed', detail, hint: 'Load the page again.' });
  }
}

/** What the API tells programs and a person does otherwise. */
const FOR_PEOPLE: Record<string, { hint: string }> = {
  step_up_required: { hint: 'Do it again and give the proof when you are asked.' },
};

function isDetails(body: unknown): body is ProblemDetails {
  return typeof body === 'object' && body !== null && 'code' in body && 'detail' in body && 'title' in body;
}

function withoutBody(status: number): { code: string; title: string; detail: string; hint?: string } {
  if (status === 413) return { code: 'too_large', title: 'Too large', detail: 'The server takes nothing as large as this.' };
  if (status === 403) return { code: 'blocked', title: 'Refused', detail: 'The firewall of this instance refused the call.', hint: 'Your address may be on a block list.' };
  if (status === 429) return { code: 'throttled', title: 'Too many requests', detail: 'You sent more than the limit allows.', hint: 'Try again in a few seconds.' };
  if (status >= 500) return { code: 'unavailable', title: 'Temps is not available', detail: 'The server could not answer just now.', hint: 'Try again in a moment.' };
  return { code: 'unexpected', title: 'Unexpected answer', detail: `The server answered with status ${status}.` };
}
