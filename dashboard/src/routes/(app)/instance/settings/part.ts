import type { InstanceSettings } from '$lib/api';

/** What one card of the settings is about. `V` is what its form holds. */
export interface Part<V extends object> {
  /** Ends the sentence that somebody else changed …. */
  what: string;
  read: (settings: InstanceSettings) => V;
  write: (values: V) => Partial<InstanceSettings>;
  check?: (values: V) => Record<string, string | undefined>;
  /** The values by their labels, as a conflict shows them. */
  told: (values: V) => Record<string, string>;
  /** What is said after it was saved. */
  saved: (values: V) => string;
}

const yes = (on: boolean): string => (on ? 'yes' : 'no');

/** A whole number within a range, as the server takes it. */
export function rangeProblem(text: string, least: number, most: number): string | undefined {
  const value = text.trim();
  const fits = /^\d{1,6}$/.test(value) && Number(value) >= least && Number(value) <= most;
  return fits ? undefined : `A whole number from ${least} to ${most.toLocaleString('en-GB')}.`;
}

export const PROJECTS: Part<{ users_may_create_projects: boolean }> = {
  what: 'this setting',
  read: ({ users_may_create_projects }) => ({ users_may_create_projects }),
  write: (values) => values,
  told: ({ users_may_create_projects }) => ({ 'Any user may create projects': yes(users_may_create_projects) }),
  saved: ({ users_may_create_projects: any }) => (any ? 'Any user may create projects now.' : 'Only administrators may create projects now.'),
};

/** The numbers of the sessions with what they mean and their ranges. */
export const SESSION_FIELDS = [
  { name: 'administrator_idle_minutes', label: 'Idle limit of administrators', unit: 'minutes', hint: 'Without a click for so long, they log in again.', least: 5, most: 1440 },
  { name: 'idle_minutes', label: 'Idle limit of all others', unit: 'minutes', hint: 'The same for everybody else.', least: 5, most: 1440 },
  { name: 'absolute_hours', label: 'Longest session', unit: 'hours', hint: 'Then it ends, used or not.', least: 1, most: 168 },
  { name: 'remember_days', label: 'Devices stay logged in', unit: 'days', hint: 'Where somebody asks for it at the login. 0 offers it to nobody.', least: 0, most: 90 },
] as const;
export type SessionValues = Record<(typeof SESSION_FIELDS)[number]['name'], string>;

const eachField = <T>(of: (field: (typeof SESSION_FIELDS)[number]) => [string, T]): Record<string, T> => Object.fromEntries(SESSION_FIELDS.map(of));

export const SESSIONS: Part<SessionValues> = {
  what: 'these limits',
  read: ({ sessions }) => eachField(({ name }) => [name, String(sessions[name])]) as SessionValues,
  write: (values) => ({ sessions: eachField(({ name }) => [name, Number(values[name])]) as InstanceSettings['sessions'] }),
  check: (values) => eachField(({ name, least, most }) => [`sessions.${name}`, rangeProblem(values[name], least, most)]),
  told: (values) => eachField(({ name, label, unit }) => [label, `${values[name]} ${unit}`]),
  saved: () => 'The limits of sessions are saved.',
};

/** The roles of projects, the highest first. */
export const ROLES = ['owner', 'admin', 'member', 'viewer'] as const;

export const SECOND_FACTOR: Part<InstanceSettings['second_factor']> = {
  what: 'who needs a second factor',
  read: ({ second_factor }) => ({ ...second_factor, roles: ROLES.filter((role) => second_factor.roles.includes(role)) }),
  write: (values) => ({ second_factor: { ...values, roles: ROLES.filter((role) => values.roles.includes(role)) } }),
  told: ({ everyone, administrators, roles }) => ({ Everybody: yes(everyone), Administrators: yes(administrators), Roles: roles.join(', ') || 'none' }),
  saved: ({ everyone, administrators, roles }) => (everyone || administrators || roles.length > 0 ? 'Who needs a second factor is saved.' : 'Nobody needs a second factor now.'),
};

export const PASSWORDS: Part<{ min_characters: string }> = {
  what: 'this setting',
  read: ({ passwords }) => ({ min_characters: String(passwords.min_characters) }),
  write: ({ min_characters }) => ({ passwords: { min_characters: Number(min_characters) } }),
  check: ({ min_characters }) => ({ 'passwords.min_characters': rangeProblem(min_characters, 8, 64) }),
  told: ({ min_characters }) => ({ 'Shortest password': `${min_characters} characters` }),
  saved: ({ min_characters }) => `New passwords need ${min_characters} characters now.`,
};
