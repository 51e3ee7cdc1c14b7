import { describe, expect, it } from 'vitest';
import { Problem } from './problem';

describe('problems', () => {
  const headers = new Headers({ 'temps-request-id': 'r-1' });

  it('say what the server says', () => {
    const problem = Problem.answered({ status: 422, headers }, { code: 'invalid', title: 'Invalid input', detail: 'Nothing was saved.', request_id: 'r-2', errors: [{ field: 'slug', message: 'is taken' }] });
    expect([problem.status, problem.requestId, problem.fields.get('slug')]).toEqual([422, 'r-2', 'Is taken.']);
  });

  it.each([[403, 'blocked'], [413, 'too_large'], [429, 'throttled'], [502, 'unavailable'], [418, 'unexpected']])('say something about a page with status %d', (status, code) => {
    const problem = Problem.answered({ status, headers }, '<!doctype html>');
    expect([problem.code, problem.requestId]).toEqual([code, 'r-1']);
  });
});
