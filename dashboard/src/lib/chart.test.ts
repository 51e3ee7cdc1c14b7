import { expect, it } from 'vitest';
import type { Point } from './api/types';
import { sums } from './chart';

it('stacks each verdict on those below', () => {
  const points = [{ passed: 5, throttled: 0, refused: 2 }, { passed: 1, throttled: 4, refused: 0 }] as Point[];
  expect(sums(points, [{ verdict: 'passed' }, { verdict: 'throttled' }, { verdict: 'refused' }])).toEqual([[5, 1], [5, 5], [7, 5]]);
});
