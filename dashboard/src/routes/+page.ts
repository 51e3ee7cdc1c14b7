import { redirect } from '@sveltejs/kit';
import { setupNeeded } from '$lib/setup';
import { session } from '$lib/session.svelte';

/** Leads to where the visitor has to begin. */
export async function load(): Promise<never> {
  if (await session.load()) redirect(307, '/projects');
  redirect(307, (await setupNeeded()) ? '/setup' : '/login');
}
