import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** A page of the dashboard in a state in which it shows what it is for. */
export interface PageOfDashboard {
  /** The folder under `dashboard/src/routes`. */
  route: string;
  path: string;
  /** What its heading says. */
  heading: string | RegExp;
  /** What else has to be there, because a violation might be in it. */
  shows?: string;
  /** Whom it is for: one who comes before anybody is set up, who is not logged in, the owner, or one who needs a second factor first. */
  for: 'newcomer' | 'visitor' | 'owner' | 'unsettled';
}

/** The project that the pages of a project are shown with. */
export const SLUG = 'shop';

/** Every page. A test compares the routes with those of the sources. */
export const PAGES: readonly PageOfDashboard[] = [
  { route: '/setup', path: '/setup', heading: 'Set up Temps', for: 'newcomer' },
  { route: '/login', path: '/login', heading: 'Log in', for: 'visitor' },
  { route: '/activate', path: '/activate', heading: 'Choose a password', for: 'newcomer' },
  { route: '/revoke', path: '/revoke', heading: 'This was not me', for: 'newcomer' },
  { route: '/projects', path: '/projects', heading: 'Projects', for: 'owner' },
  { route: '/projects/[project]', path: `/projects/${SLUG}`, heading: 'The shop', for: 'owner' },
  { route: '/projects/[project]/requests', path: `/projects/${SLUG}/requests`, heading: 'Requests', for: 'owner' },
  { route: '/projects/[project]/deployments', path: `/projects/${SLUG}/deployments`, heading: 'Deployments', for: 'owner' },
  { route: '/projects/[project]/domains', path: `/projects/${SLUG}/domains`, heading: 'Domains', for: 'owner' },
  { route: '/projects/[project]/firewall', path: `/projects/${SLUG}/firewall`, heading: 'Firewall', shows: '1 refusal', for: 'owner' },
  { route: '/projects/[project]/headers', path: `/projects/${SLUG}/headers`, heading: 'Headers', for: 'owner' },
  { route: '/projects/[project]/members', path: `/projects/${SLUG}/members`, heading: 'Members', for: 'owner' },
  { route: '/projects/[project]/audit', path: `/projects/${SLUG}/audit`, heading: 'Audit log', for: 'owner' },
  { route: '/projects/[project]/settings', path: `/projects/${SLUG}/settings`, heading: 'Settings', for: 'owner' },
  { route: '/instance/settings', path: '/instance/settings', heading: /settings/i, for: 'owner' },
  { route: '/instance/users', path: '/instance/users', heading: 'Users', for: 'owner' },
  { route: '/instance/firewall', path: '/instance/firewall', heading: /firewall/i, for: 'owner' },
  { route: '/instance/console', path: '/instance/console', heading: /console/i, for: 'owner' },
  { route: '/instance/audit', path: '/instance/audit', heading: 'Audit log', for: 'owner' },
  { route: '/enrol', path: '/enrol', heading: 'Add a second factor', shows: 'Or type the key:', for: 'unsettled' },
  { route: '/account/security', path: '/account/security', heading: 'Security', shows: 'Latest logins and those that failed', for: 'owner' },
  { route: '/account', path: '/account', heading: /account/i, for: 'owner' },
];

const ROUTES = resolve(import.meta.dirname, '../../dashboard/src/routes');

/** The routes of the sources. Folders in brackets group pages and are no part of an address. */
export async function routesOfSources(): Promise<string[]> {
  const entries = await readdir(ROUTES, { recursive: true });
  const folders = entries.filter((entry) => /(^|\/)\+page\.svelte$/.test(entry)).map((entry) => join('/', entry, '..'));
  return folders.map((folder) => folder.replaceAll(/\/\([^)]+\)/g, '') || '/').sort();
}
