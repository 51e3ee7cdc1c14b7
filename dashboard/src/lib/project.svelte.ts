import { createContext } from 'svelte';
import type { ProjectDetails, ProjectPermission } from './api/types';
import type { Live } from './live.svelte';

/** The project whose pages are open. */
export interface ProjectContext {
  readonly slug: string;
  readonly value: ProjectDetails;
  readonly live: Live;
  /** Whether the caller may do this here. Controls are hidden by it; the server decides. */
  can(permission: ProjectPermission): boolean;
  /** Loads it again, after something about it changed. */
  reload(): Promise<void>;
}

export const [useProject, provideProject] = createContext<ProjectContext>();
