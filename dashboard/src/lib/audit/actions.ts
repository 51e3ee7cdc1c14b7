/** Everything that leaves a record, with the words that a person reads, in the order of the filter. */
export const ACTIONS = {
  'session.start': 'Log in',
  'session.first_factor': 'Begin a login with the password',
  'session.prove': 'Prove anew who one is',
  'session.revoke': 'End all sessions with the link of a notice',
  'session.end': 'End a session',
  'session.end_others': 'End all other sessions',
  'password.change': 'Change the password',
  'totp.begin': 'Begin to add an authenticator',
  'totp.confirm': 'Add an authenticator',
  'totp.remove': 'Remove an authenticator',
  'recovery_codes.make': 'Make recovery codes',
  'user.invite': 'Invite a user',
  'user.activate': 'Accept an invitation',
  'user.sessions_end': 'End all sessions of a user',
  'project.create': 'Create a project',
  'project.delete': 'Delete a project',
  'environment.create': 'Create an environment',
  'environment.delete': 'Delete an environment',
  'deployment.create': 'Deploy',
  'deployment.rollback': 'Roll back',
  'domain.add': 'Add a domain',
  'domain.remove': 'Remove a domain',
  'project.firewall': 'Change the firewall of a project',
  'project.firewall_rule.add': 'Add rules to a project',
  'project.firewall_rule.change': 'Change a rule of a project',
  'project.firewall_rule.remove': 'Remove a rule of a project',
  'environment.firewall': 'Change the firewall of an environment',
  'headers.change': 'Change security headers',
  'audit.read': 'Read the audit log',
  'audit.export': 'Export the audit log',
  'instance.set_up': 'Set up the instance',
  'instance.settings': 'Change the settings of the instance',
  'instance.firewall': 'Change the firewall of the instance',
  'instance.firewall_rule.add': 'Add rules to the instance',
  'instance.firewall_rule.change': 'Change a rule of the instance',
  'instance.firewall_rule.remove': 'Remove a rule of the instance',
  'console.firewall': 'Change who reaches the console',
  'console.firewall_rule.add': 'Add rules to the console',
  'console.firewall_rule.change': 'Change a rule of the console',
  'console.firewall_rule.remove': 'Remove a rule of the console',
  'emergency.allow': 'Open emergency access',
  'emergency.end': 'End emergency access',
} as const;

export type Action = keyof typeof ACTIONS;

/** What the operator does on the server itself; the API has no call for it. */
export const ON_THE_SERVER: readonly Action[] = ['emergency.allow', 'emergency.end'];

/** What a login leaves on its way, where a second factor has yet to follow; the call is named after its end. */
export const ON_THE_WAY: readonly Action[] = ['session.first_factor'];

/** The things of a project, by which actions begin that its part of the log can have. */
const IN_PROJECTS = ['project', 'environment', 'deployment', 'domain', 'headers'];

export const isAction = (name: string): name is Action => Object.hasOwn(ACTIONS, name);

/** The words for an action; its name where a newer server has one that is not known here. */
export const wordsFor = (name: string): string => (isAction(name) ? ACTIONS[name] : name);

/** The actions that can stand in a log: of one project, or of the instance, which has them all. */
export function actionsOf(scope: 'project' | 'instance'): Action[] {
  const all = Object.keys(ACTIONS) as Action[];
  if (scope === 'instance') return all;
  return all.filter((action) => action === 'audit.read' || IN_PROJECTS.includes(action.split('.')[0] ?? ''));
}
