export type LiveState = 'connecting' | 'live' | 'behind' | 'offline';

/** The server sends a tick every two seconds; three missing ones mean that something holds them up. */
const SILENCE_MS = 6000;
/** Events older than this when they are sent are not what happens now. */
const LAG_MS = 3000;

export interface Heard {
  /** Whether the stream is open; undefined before the first attempt ended. */
  open: boolean | undefined;
  /** When the last event came, in milliseconds of the clock that `now` is of. */
  lastAt: number | undefined;
  /** How far behind the server said it was with the last requests. */
  behindMs: number;
}

/** What to tell about a stream of which this was heard. */
export function liveState({ open, lastAt, behindMs }: Heard, now: number): LiveState {
  if (open === undefined) return 'connecting';
  if (!open) return 'offline';
  if (lastAt !== undefined && now - lastAt > SILENCE_MS) return 'behind';
  return behindMs > LAG_MS ? 'behind' : 'live';
}
