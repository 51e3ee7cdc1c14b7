import { page } from '$app/state';
import type { Current } from './commands.svelte';
import { projects } from './projects.svelte';

const loaded = $state<{ project: Current }>({ project: undefined });

/** Told by the pages of a project what the server said about it. */
export function setCurrentProject(project: Current): void {
  loaded.project = project;
}

/** The project whose pages are open, as far as it is known; the list knows it before its own page has loaded. */
export function currentProject(): Current {
  const slug = page.params.project;
  if (slug === undefined) return undefined;
  return loaded.project?.slug === slug ? loaded.project : projects.items.find((item) => item.slug === slug);
}
