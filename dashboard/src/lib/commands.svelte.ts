import { goto } from '$app/navigation';
import { SvelteSet } from 'svelte/reactivity';
import type { Project, ProjectDetails } from './api/types';
import { REQUEST_ID } from './format';
import { INSTANCE_PAGES, PROJECT_PAGES, projectPath, requestPath } from './navigation';
import { projects } from './projects.svelte';
import { session } from './session.svelte';
import { useTheme } from './theme.svelte';

/** One entry of the command palette. */
export interface Command {
  id: string;
  label: string;
  group: string;
  keywords?: string[];
  run: () => void | Promise<void>;
}

/** Whether the palette is open. */
export const palette = $state({ open: false });

const added = new SvelteSet<() => Command[]>();

/** Adds commands while the component lives: `useCommands(() => [{ id, label, group, run }])`. */
export function useCommands(commands: () => Command[]): void {
  $effect(() => {
    added.add(commands);
    return () => added.delete(commands);
  });
}

/** What the open page is about, so far as the palette has to know. */
export type Current = Pick<Project | ProjectDetails, 'slug' | 'permissions'> | undefined;

const link = (id: string, label: string, group: string, href: string, keywords: string[] = []): Command => ({
  id, label, group, keywords, run: () => goto(href),
});

/** Everything that can be done from here, in the order in which it is listed. */
export function commandsFor(current: Current): Command[] {
  return [
    ...[...added].flatMap((commands) => commands()),
    ...(current ? actionsIn(current) : []),
    ...(current ? pagesOf(current) : []),
    ...projects.items.map(({ slug, name }) => link(`project ${slug}`, name, 'Projects', projectPath(slug), [slug])),
    ...general(),
    ...(session.allows('instance:administer')
      ? INSTANCE_PAGES.map(({ label, path, keywords }) => link(path, `Instance: ${label}`, 'Instance', path, keywords))
      : []),
  ];
}

function actionsIn({ slug, permissions }: NonNullable<Current>): Command[] {
  const action = (needs: (typeof permissions)[number], id: string, label: string, path: string, keywords: string[]) =>
    permissions.includes(needs) ? [link(id, label, 'Actions', projectPath(slug, path), keywords)] : [];
  return [
    ...action('deployments:create', 'deploy', 'Deploy', '/deployments#deploy', ['upload', 'folder', 'publish']),
    ...action('deployments:rollback', 'roll-back', 'Roll back', '/deployments#history', ['undo', 'earlier', 'revert']),
    ...action('firewall:write', 'block', 'Block an address', '/firewall#block', ['ban', 'deny', 'network', 'ip']),
    ...action('domains:write', 'add-domain', 'Add a domain', '/domains#add', ['host name']),
  ];
}

function pagesOf({ slug, permissions }: NonNullable<Current>): Command[] {
  const pages = PROJECT_PAGES.flatMap((group) => group.items).filter(({ needs }) => !needs || permissions.includes(needs));
  return pages.map(({ label, path, keywords }) => link(`page ${path}`, label, `In ${slug}`, projectPath(slug, path), keywords));
}

function general(): Command[] {
  const theme = useTheme();
  return [
    link('projects', 'All projects', 'Projects', '/projects'),
    ...(session.allows('projects:create') ? [link('new-project', 'New project', 'Actions', '/projects#new', ['create'])] : []),
    link('account', 'Your account', 'You', '/account', ['profile']),
    link('security', 'Your security', 'You', '/account/security', ['password', 'authenticator', 'second factor', 'recovery codes', 'sessions', 'logins']),
    { id: 'theme', label: `Use the ${theme.dark ? 'light' : 'dark'} theme`, group: 'You', keywords: ['colours', 'mode'], run: () => theme.toggle() },
    { id: 'theme-system', label: 'Use the theme of the system', group: 'You', keywords: ['colours', 'mode'], run: () => theme.choose('system') },
    { id: 'log-out', label: 'Log out', group: 'You', keywords: ['sign out', 'leave'], run: logOut },
  ];
}

/** Ends the session and shows the login page. */
export async function logOut(): Promise<void> {
  await session.logOut();
  await goto('/login');
}

/** For a pasted request id: a command for each project in which it may be looked up. */
export function lookUps(typed: string, current: Current): Command[] {
  const id = typed.trim().toLowerCase();
  if (!REQUEST_ID.test(id)) return [];
  const visible = projects.items.filter(({ permissions }) => permissions?.includes('requests:read'));
  const ordered = [...visible].sort((a, b) => Number(b.slug === current?.slug) - Number(a.slug === current?.slug));
  return ordered.map(({ slug }) => link(`look-up ${slug}`, `Look up request ${id} in ${slug}`, 'Requests', requestPath(slug, id)));
}
