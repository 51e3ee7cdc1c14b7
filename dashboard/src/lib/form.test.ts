import { expect, it, vi } from 'vitest';
import { Problem } from './api/problem';
import { Form } from './form.svelte';

const invalid = () =>
  new Problem('answer', { status: 422, code: 'invalid', title: 'Invalid input', detail: 'Nothing was saved.', errors: [{ field: 'limits.rate.burst', message: 'is too large' }] });

it('keeps what was typed and shows what is wrong', async () => {
  const form = new Form({ values: { burst: 5 }, submit: () => Promise.reject(invalid()) });
  form.values.burst = 9_999_999;
  await form.submit();
  expect(form.values.burst).toBe(9_999_999);
  expect(form.error('limits.rate.burst')).toBe('Is too large.');
  // No input has that name here, so it has to be said above the buttons.
  expect(form.problem?.code).toBe('invalid');
  expect(form.busy).toBe(false);
});

it('asks the server only when the browser finds nothing wrong', async () => {
  const submit = vi.fn(async () => 'saved');
  const form = new Form({ values: { name: '' }, check: ({ name }) => ({ name: name ? undefined : 'Type a name.' }), submit });
  await form.submit();
  expect(form.error('name')).toBe('Type a name.');
  expect(submit).not.toHaveBeenCalled();
  form.values.name = 'Shop';
  expect(await form.submit()).toBe('saved');
  expect(form.error('name')).toBeUndefined();
});

it('is sent once at a time', async () => {
  let finish = (): void => {};
  const submit = vi.fn(() => new Promise<void>((resolve) => (finish = resolve)));
  const form = new Form({ values: {}, submit });
  const first = form.submit();
  await form.submit();
  finish();
  await first;
  expect(submit).toHaveBeenCalledOnce();
});

it('knows whether something was changed, and begins anew', () => {
  const form = new Form({ values: { a: 1, b: { c: 2 } }, submit: async () => undefined });
  expect(form.changed).toBe(false);
  form.values.b.c = 3;
  expect(form.changed).toBe(true);
  form.reset();
  expect(form.values.b.c).toBe(2);
  form.reset({ a: 5, b: { c: 6 } });
  expect(form.changed).toBe(false);
});

it('tries out without saving', async () => {
  const submit = vi.fn();
  const run = { dry_run: true, denies_you: false, denies_everybody: false, changes: [], consequences: ['Refuses 3 addresses.'] };
  const form = new Form({ values: {}, submit, dryRun: async () => run });
  expect(await form.tryOut()).toEqual(run);
  expect(form.preview?.consequences).toEqual(['Refuses 3 addresses.']);
  expect(submit).not.toHaveBeenCalled();
});
