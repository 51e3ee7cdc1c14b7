import { allPages } from './all-pages';
import { api, call } from './api/client';
import type { Project } from './api/types';

/** The projects that the person sees, for the switcher, the palette and the list. */
class Projects {
  items = $state.raw<Project[]>([]);
  loaded = $state(false);

  /** Loads all of them. */
  load = async (signal?: AbortSignal): Promise<Project[]> => {
    const items = await allPages((cursor) => call(api.GET('/api/v1/projects', { params: { query: { limit: 100, cursor } }, signal })));
    this.items = items;
    this.loaded = true;
    return items;
  };

  forget(): void {
    this.items = [];
    this.loaded = false;
  }
}

export const projects = new Projects();
