import { type Action, isAction } from './actions';

const RESULTS = ['done', 'denied', 'failed'] as const;
export type Result = (typeof RESULTS)[number];

/** Which records are wanted, in the words of the API; times are RFC 3339. */
export interface AuditFilter {
  actor?: string;
  action?: Action;
  result?: Result;
  since?: string;
  until?: string;
}

/** Reads a filter from the address of the page; what makes no sense is left out. */
export function filterFrom(params: URLSearchParams): AuditFilter {
  const action = params.get('action') ?? '';
  const result = RESULTS.find((name) => name === params.get('result'));
  return without({
    actor: params.get('actor') ?? undefined,
    action: isAction(action) ? action : undefined,
    result,
    since: instant(params.get('since')),
    until: instant(params.get('until')),
  });
}

/** The filter as it stands in the address of the page, with `?` unless it is empty. */
export function searchOf(filter: AuditFilter): string {
  const text = new URLSearchParams(without(filter) as Record<string, string>).toString();
  return text === '' ? '' : `?${text}`;
}

/** A time as an input of the type `datetime-local` has it: to the minute, where the reader is. */
export function toInput(at: string | undefined): string {
  if (at === undefined) return '';
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function fromInput(value: string): string | undefined {
  return value === '' ? undefined : instant(value);
}

export const endsBeforeItBegins = ({ since, until }: AuditFilter): boolean => since !== undefined && until !== undefined && until <= since;

function instant(text: string | null): string | undefined {
  const date = new Date(text ?? '');
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** Empty values go, so that neither the address nor the call names them. */
function without(filter: AuditFilter): AuditFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value));
}
