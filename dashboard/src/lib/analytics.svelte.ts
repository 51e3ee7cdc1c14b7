import { api, call } from './api/client';
import type { Analytics, Range } from './api/types';
import { counted } from './counting';
import type { ProjectContext } from './project.svelte';
import { resource, type Resource } from './resource.svelte';

/** How long after a full minute the numbers are loaded again, so that the server has counted it. */
const SETTLED_MS = 1500;

/**
 * The numbers of a project, which follow its stream: requests are added as they end, and at each full minute everything is loaded again.
 * `chosen` is read reactively. Use it while a component is made.
 */
export function liveAnalytics(project: ProjectContext, chosen: () => { range: Range; environment?: string }): Resource<Analytics> {
  const numbers = resource(
    (signal) => call(api.GET('/api/v1/projects/{project}/analytics', { params: { path: { project: project.slug }, query: chosen() }, signal })),
    { keep: true },
  );
  $effect(() =>
    project.live.on('requests', (arrived) => {
      // What ends while the numbers are on their way is in them, or will be at the next minute.
      if (numbers.value && !numbers.loading) numbers.value = counted(numbers.value, arrived);
    }),
  );
  $effect(() => project.live.on('missed', () => void numbers.refresh()));
  $effect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const wait = () => {
      timer = setTimeout(() => {
        void numbers.refresh();
        wait();
      }, 60_000 - (Date.now() % 60_000) + SETTLED_MS);
    };
    wait();
    return () => clearTimeout(timer);
  });
  return numbers;
}
