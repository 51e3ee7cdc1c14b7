import { expect, it } from 'vitest';
import { liveState } from './live-state';

const heard = { open: true, lastAt: 10_000, behindMs: 0 };

it.each([
  ['nothing yet', { ...heard, open: undefined }, 10_000, 'connecting'],
  ['open and just heard', heard, 10_500, 'live'],
  ['open and never heard', { ...heard, lastAt: undefined }, 99_000, 'live'],
  ['silent for six seconds', heard, 16_000, 'live'],
  ['silent for longer', heard, 16_001, 'behind'],
  ['old requests', { ...heard, behindMs: 3001 }, 10_100, 'behind'],
  ['broken', { ...heard, open: false }, 10_100, 'offline'],
] as const)('%s', (_, state, now, expected) => {
  expect(liveState(state, now)).toBe(expected);
});
