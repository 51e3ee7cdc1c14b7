import { redirect } from '@sveltejs/kit';
import { loginFrom, nextAfterLogin } from '$lib/next';
import { session } from '$lib/session.svelte';

/** For whoever has to add a second factor before anything else; everybody else goes on. */
export async function load({ url }: { url: URL }): Promise<{ next: string }> {
  const next = nextAfterLogin(url.searchParams.get('next'));
  const me = await session.known();
  if (me === null) redirect(307, loginFrom(new URL(next, url.origin)));
  if (!me.must_enrol) redirect(307, next);
  return { next };
}
