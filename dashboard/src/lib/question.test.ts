import { expect, it } from 'vitest';
import { Question } from './question.svelte';

it('is asked once for all who wait for the answer, and can be asked again', async () => {
  const question = new Question<string>();
  const [one, other] = [question.ask('first'), question.ask('second')];
  expect(question.open).toBe('first');
  question.settle(true);
  expect(await Promise.all([one, other])).toEqual([true, true]);
  expect(question.open).toBeUndefined();

  const later = question.ask('third');
  question.settle(false);
  expect(await later).toBe(false);
  question.settle(true);
});
