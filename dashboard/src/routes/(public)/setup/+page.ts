import { setupNeeded } from '$lib/setup';

export async function load(): Promise<{ needed: boolean }> {
  return { needed: await setupNeeded() };
}
