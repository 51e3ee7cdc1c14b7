import { Problem } from '$lib/api';

/** Loads the thing again when somebody changed it meanwhile, so that the second try is about what the dialog then shows. */
export async function whenStale<T>(change: Promise<T>, reload: () => Promise<void>): Promise<T> {
  try {
    return await change;
  } catch (thrown) {
    const problem = Problem.from(thrown);
    if (problem.status === 412) {
      await reload();
      throw new Problem('answer', {
        code: problem.code, title: problem.title, status: problem.status, request_id: problem.requestId,
        detail: 'Somebody changed this since the page was loaded; nothing was deleted.', hint: 'The page shows it as it is now. Confirm once more to delete that.',
      });
    }
    throw problem;
  }
}
