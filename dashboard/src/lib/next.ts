const HERE = 'https://here.invalid';

/**
 * Where to go after a login. Only a path of this origin is taken, as the URL parser of the browser reads it; everything else
 * (`//host`, `/\host`, `/..//host`, `https:…`, with tabs or escapes between) leads to the projects.
 */
export function nextAfterLogin(next: string | null): string {
  if (next === null || !next.startsWith('/')) return '/projects';
  let url: URL;
  try {
    url = new URL(next, HERE);
  } catch {
    return '/projects';
  }
  const path = url.pathname + url.search + url.hash;
  // The result is read once more, because `/..//host` becomes `//host` only by the first reading.
  if (url.origin !== HERE || new URL(path, HERE).origin !== HERE || path.startsWith('//')) return '/projects';
  return /^\/(?:login|setup|activate|enrol|revoke)(?:[/?#]|$)/.test(path) ? '/projects' : path;
}

/** The login page that leads back to here. */
export const loginFrom = (url: URL): string => leadingBack('/login', url);

/** The page where a second factor is added before anything else, which leads back to here. */
export const enrolFrom = (url: URL): string => leadingBack('/enrol', url);

function leadingBack(path: string, url: URL): string {
  const here = url.pathname + url.search + url.hash;
  return here === '/' || here === '/projects' ? path : `${path}?next=${encodeURIComponent(here)}`;
}
