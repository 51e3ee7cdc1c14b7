import { api, call } from './api';

/** Whether the first user is still to be made. */
export async function setupNeeded(): Promise<boolean> {
  return (await call(api.GET('/api/v1/setup'))).needed;
}

/** The token behind `#token=` in a link; the link's other forms have none. */
export function tokenOf(hash: string): string | undefined {
  return new URLSearchParams(hash.replace(/^#/, '')).get('token')?.trim() || undefined;
}

/** A token that was pasted alone or with the whole link around it. */
export function pastedToken(text: string): string {
  const trimmed = text.trim();
  const hash = trimmed.indexOf('#');
  return (hash < 0 ? undefined : tokenOf(trimmed.slice(hash))) ?? trimmed;
}
