import { redirect } from '@sveltejs/kit';
import { nextAfterLogin } from '$lib/next';
import { session } from '$lib/session.svelte';
import { setupNeeded } from '$lib/setup';

export async function load({ url }: { url: URL }): Promise<{ next: string }> {
  const next = nextAfterLogin(url.searchParams.get('next'));
  if (await session.known()) redirect(307, next);
  if (await setupNeeded()) redirect(307, '/setup');
  return { next };
}
