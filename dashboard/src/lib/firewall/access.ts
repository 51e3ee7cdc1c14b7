import { api, call, tagOf, type AddedRules, type Firewall, type NewRule, type PageOf, type Rule, type RuleChange, type SavedRule } from '$lib/api';
import type { ChangeQuery } from '$lib/trial.svelte';

/** What a firewall is asked to be: its mode and its limits. */
export type FirewallSettings = Pick<Firewall, 'mode' | 'limits'>;

/**
 * The calls of one firewall: of a project, of every host, or of the console. All three have the same calls below different paths; they
 * are typed as those of the project.
 */
export class FirewallAccess {
  readonly scope: 'project' | 'instance' | 'console';
  /** Changes that were made here and of which the stream has not told yet. */
  own = 0;
  #project: string;
  #base: '/api/v1/projects/{project}/firewall';

  private constructor(scope: FirewallAccess['scope'], base: string, project = '') {
    this.scope = scope;
    this.#project = project;
    this.#base = base as '/api/v1/projects/{project}/firewall';
  }

  static ofProject = (project: string): FirewallAccess => new FirewallAccess('project', '/api/v1/projects/{project}/firewall', project);
  static ofInstance = (): FirewallAccess => new FirewallAccess('instance', '/api/v1/instance/firewall');
  static ofConsole = (): FirewallAccess => new FirewallAccess('console', '/api/v1/instance/console-firewall');

  rules(cursor?: string, signal?: AbortSignal): Promise<PageOf<Rule>> {
    return call(api.GET(this.#rules, { params: { path: this.#path, query: { limit: 100, cursor } }, signal }));
  }

  rule(id: string): Promise<Rule> {
    return call(api.GET(this.#rule, { params: { path: { ...this.#path, rule: id } } }));
  }

  add(body: NewRule | { entries: NewRule[] }, query: ChangeQuery = {}, signal?: AbortSignal) {
    return this.#made(query, call(api.POST(this.#rules, { params: { path: this.#path, query }, body, signal })) as Promise<AddedRules>);
  }

  change(rule: Rule, body: RuleChange, query: ChangeQuery = {}, signal?: AbortSignal) {
    const params = { path: { ...this.#path, rule: rule.id }, header: { 'If-Match': tagOf(rule) }, query };
    return this.#made(query, call(api.PUT(this.#rule, { params, body, signal })) as Promise<SavedRule>);
  }

  remove(rule: Rule, query: ChangeQuery = {}, signal?: AbortSignal) {
    const params = { path: { ...this.#path, rule: rule.id }, header: { 'If-Match': tagOf(rule) }, query };
    return this.#made(query, call(api.DELETE(this.#rule, { params, signal })) as Promise<{ effective_ms?: number | null }>);
  }

  /** Of the scope itself, or of one environment of the project. */
  settings(environment?: string, signal?: AbortSignal): Promise<Firewall> {
    return call(api.GET(this.#settings(environment), { params: { path: { ...this.#path, environment: environment ?? '' } }, signal }));
  }

  save(before: Firewall, settings: FirewallSettings, environment?: string, query: ChangeQuery = {}, signal?: AbortSignal) {
    const params = { path: { ...this.#path, environment: environment ?? '' }, header: { 'If-Match': tagOf(before) }, query };
    return this.#made(query, call(api.PUT(this.#settings(environment), { params, body: settings, signal })) as Promise<Firewall>);
  }

  /** Counts a change that is no dry run, from before it is sent: the stream may tell of it before the answer is here. */
  async #made<T>(query: ChangeQuery, change: Promise<T>): Promise<T> {
    if (query.dry_run) return change;
    this.own += 1;
    try {
      return await change;
    } catch (thrown) {
      this.own -= 1;
      throw thrown;
    }
  }

  get #path() {
    return { project: this.#project };
  }

  get #rules() {
    return `${this.#base}/rules` as const;
  }

  get #rule() {
    return `${this.#base}/rules/{rule}` as const;
  }

  #settings(environment?: string) {
    const path = environment ? '/api/v1/projects/{project}/environments/{environment}/firewall' : this.#base;
    return path as '/api/v1/projects/{project}/environments/{environment}/firewall';
  }
}
