import { expect, it } from 'vitest';
import { backoff } from './backoff';

it('waits longer after each attempt, but not for ever', () => {
  expect([0, 1, 2, 3, 9].map(backoff)).toEqual([1000, 2000, 4000, 8000, 15_000]);
});
