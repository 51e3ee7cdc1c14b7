/** How long to wait before the next attempt, in milliseconds: 1 s, 2 s, 4 s, up to 15 s. */
export function backoff(attempt: number): number {
  return Math.min(1000 * 2 ** attempt, 15_000);
}
