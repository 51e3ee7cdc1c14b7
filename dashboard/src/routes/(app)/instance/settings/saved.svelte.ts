import { api, versioned, type InstanceDetails, type InstanceSettings, type Versioned } from '$lib/api';
import type { ChangeQuery } from '$lib/trial.svelte';

type Saved = Versioned<InstanceDetails>;

/** The settings as they are saved. Each card changes its part of them; a change gives all of them. */
export class SavedSettings {
  now: Saved = $state.raw() as Saved;

  constructor(loaded: Saved) {
    this.now = loaded;
  }

  async load(): Promise<InstanceSettings> {
    this.now = await versioned(api.GET('/api/v1/instance'));
    return this.now.value;
  }

  /** Saves them with a part changed, or tries that out. */
  async put(part: Partial<InstanceSettings>, query: ChangeQuery = {}, signal?: AbortSignal): Promise<unknown> {
    const { value, etag } = this.now;
    const { users_may_create_projects, sessions, second_factor, passwords } = value;
    const body = { users_may_create_projects, sessions, second_factor, passwords, ...part };
    const saved = await versioned(api.PUT('/api/v1/instance', { params: { header: { 'If-Match': etag }, query }, body, signal }));
    if (!query.dry_run) this.now = saved as Saved;
    return saved.value;
  }
}
