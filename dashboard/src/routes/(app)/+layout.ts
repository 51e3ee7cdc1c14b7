import { redirect } from '@sveltejs/kit';
import { enrolFrom, loginFrom } from '$lib/next';
import { session } from '$lib/session.svelte';

/** Everything below needs a login. */
export async function load({ url }: { url: URL }): Promise<void> {
  const me = await session.known();
  if (me === null) redirect(307, loginFrom(withFragment(url)));
  if (me.must_enrol) redirect(307, enrolFrom(withFragment(url)));
}

/** `url` has no fragment here, since servers know none; the login leads back to it all the same. */
function withFragment(url: URL): URL {
  return location.pathname === url.pathname ? new URL(location.href) : new URL(url.pathname + url.search, url.origin);
}
