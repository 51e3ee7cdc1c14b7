// What a record says, in the words that a person reads.
import type { AuditRecord, Difference } from '$lib/api';

type Acted = Pick<AuditRecord, 'personal' | 'target' | 'changes'>;
/** Whose addresses are known, by their ids. */
export type People = readonly { id: string; email: string }[];

/** Differences that a table can still show; a list of networks may have thousands. */
export const SHOWN_CHANGES = 60;

/** Who acted: the address of a user, or what else it was. */
export function actorOf({ kind, email, id }: AuditRecord['actor']): string {
  if (email) return email;
  if (kind === 'console') return 'Operator of the server';
  if (kind === 'system') return 'Temps itself';
  if (kind === 'anonymous') return 'Somebody not logged in';
  return id ? `User ${id.slice(-4)}, gone` : 'A user who is gone';
}

const AUTHENTICATION: Record<string, string> = {
  none: 'none', password: 'password', session: 'session', setup_token: 'setup link', link: 'one-time link', local: 'on the server itself',
};
export const authenticationOf = (name: string): string => AUTHENTICATION[name] ?? name;

const PERSONAL: Record<string, string> = {
  ip: 'Address', network: 'Network', user_agent: 'Browser or program', email: 'E-mail address', invited_email: 'Invited',
};
export const personalLabel = (name: string): string => PERSONAL[name] ?? name;

/** A personal field as it is shown: erased ones are no longer readable by anybody. */
export function personalValue(value: string | null): string {
  return value === null ? 'erased' : value === '' ? 'not sent' : value;
}

/** The project of a record: its short name, or what is left to say once it is gone. */
export const projectOf = (project: string): string => (project.length === 36 ? `one that is gone, ${short(project)}` : project);

/** What was acted upon, by its name where the record has it. */
export function subjectOf(record: Acted, people: People = []): { kind: string; name: string } | undefined {
  const { target, changes, personal } = record;
  if (!target) return undefined;
  const named = either(changes.slug) ?? either(changes.host) ?? rules(either(changes.rules) ?? either(changes.rule));
  if (typeof named === 'string') return { kind: target.kind.replace('_', ' '), name: named };
  if (target.kind === 'user') {
    const known = people.find(({ id }) => id === target.id)?.email;
    return { kind: 'user', name: known ?? personal.invited_email ?? personal.email ?? short(target.id) };
  }
  if (target.kind === 'deployment' && changes.environment) return { kind: 'deployment to', name: String(either(changes.environment)) };
  return { kind: target.kind.replace('_', ' '), name: target.id === 'settings' ? '' : short(target.id) };
}

/** Every single value that changed, also within rules and limits. */
export function differencesOf(changes: AuditRecord['changes']): Difference[] {
  return Object.entries(changes).flatMap(([field, change]) => {
    const { before, after } = (change ?? {}) as { before?: unknown; after?: unknown };
    return flat(field, before ?? null, after ?? null);
  });
}

function flat(field: string, from: unknown, to: unknown): Difference[] {
  if (isComposite(from) || isComposite(to)) {
    const keys = new Set([...Object.keys(parts(from)), ...Object.keys(parts(to))]);
    return [...keys].flatMap((key) => flat(`${field}.${key}`, parts(from)[key] ?? null, parts(to)[key] ?? null));
  }
  return from === null && to === null ? [] : [{ field, from, to }];
}

const isComposite = (value: unknown): value is object => typeof value === 'object' && value !== null;
const parts = (value: unknown): Record<string, unknown> => (isComposite(value) ? (value as Record<string, unknown>) : {});

/** The value after a change; before it, where the thing went. */
function either(change: unknown): unknown {
  const { before, after } = parts(change);
  return after ?? before ?? undefined;
}

function rules(value: unknown): string | undefined {
  const list = Array.isArray(value) ? (value as unknown[]) : [value];
  const { action, network } = parts(list[0]);
  if (typeof network !== 'string') return undefined;
  return `${String(action)} ${network}${list.length > 1 ? ` and ${list.length - 1} more` : ''}`;
}

function short(id: string): string {
  const [scope, rest] = id.includes(':') ? id.split(':', 2) : ['', id];
  const tail = rest && rest.length > 12 ? `…${rest.slice(-6)}` : rest;
  return [scope, tail].filter(Boolean).join(' ');
}
