import { redirect } from '@sveltejs/kit';
import { loginFrom } from '$lib/next';
import { session } from '$lib/session.svelte';

/** Everything below needs a login. */
export async function load({ url }: { url: URL }): Promise<void> {
  if ((await session.known()) === null) redirect(307, loginFrom(withFragment(url)));
}

/** `url` has no fragment here, since servers know none; the login leads back to it all the same. */
function withFragment(url: URL): URL {
  return location.pathname === url.pathname ? new URL(location.href) : new URL(url.pathname + url.search, url.origin);
}
