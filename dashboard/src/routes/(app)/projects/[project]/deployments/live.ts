import { api, call, type Deployment, type LiveDeployment } from '$lib/api';
import type { ProjectContext } from '$lib/project.svelte';
import { toasts } from '$lib/toasts.svelte';

type Named = Pick<Deployment, 'id' | 'number'>;

/** Makes an earlier deployment live again; its toast takes that back. */
export async function rollBack(project: ProjectContext, to: Named, from: Named | null | undefined): Promise<void> {
  const path = { project: project.slug, deployment: to.id };
  const deployment = await call(api.POST('/api/v1/projects/{project}/deployments/{deployment}/rollback', { params: { path } }));
  await madeLive(project, deployment, from);
}

/** Says that something is live, with the way back to what was live before. */
export function madeLive(project: ProjectContext, now: LiveDeployment, before: Named | null | undefined): Promise<void> {
  const undo = before && before.id !== now.id && project.can('deployments:rollback') ? () => rollBack(project, before, now) : undefined;
  toasts.effective(`Deployment ${now.number} is live in ${now.environment}.`, now.effective_ms, undo);
  return project.reload();
}
