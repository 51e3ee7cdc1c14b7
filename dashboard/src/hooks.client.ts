import type { HandleClientError } from '@sveltejs/kit';
import { Problem } from '$lib/api';

/** What a page that cannot be loaded says; the page shows it in `+error.svelte`. */
export const handleError: HandleClientError = ({ error, status, message }) => {
  if (status === 404) return { message: 'There is no page at this address.', hint: 'Check the spelling, or begin at the projects.' };
  const problem = Problem.from(error);
  return { message: problem.detail || message, hint: problem.hint, requestId: problem.requestId };
};
