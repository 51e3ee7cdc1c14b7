// What the server says more exactly than its OpenAPI document does: words of a fixed set, and what is always there.
import type { components, paths } from './schema';

type Schemas = components['schemas'];
type Answer<Status extends number, Body> = { [S in Status]: { headers: Record<string, unknown>; content: { 'application/json': Body } } };

/** A method of the document that answers this. */
type Answers<Method, Status extends number, Body> = Omit<Method, 'responses'> & { responses: Answer<Status, Body> };
type Gets<P extends keyof paths, Body> = Omit<paths[P], 'get'> & { get: paths[P] extends { get: infer Get } ? Answers<Get, 200, Body> : never };

/** Without the `undefined` that the document allows where the server says `null`. */
type Told<T> = { [K in keyof T]-?: Exclude<T[K], undefined> };

export type PageOf<T> = { items: T[]; next?: string | null };

export type ProjectPermission =
  | 'projects:read' | 'projects:delete'
  | 'environments:read' | 'environments:write'
  | 'deployments:read' | 'deployments:create' | 'deployments:rollback'
  | 'domains:read' | 'domains:write'
  | 'firewall:read' | 'firewall:write'
  | 'headers:read' | 'headers:write'
  | 'audit:read' | 'members:read' | 'analytics:read' | 'requests:read';
export type InstancePermission = 'projects:create' | 'instance:administer';

export type Me = Omit<Schemas['Me'], 'permissions'> & { permissions: InstancePermission[] };
type Permitted<T> = Omit<T, 'permissions'> & { permissions: ProjectPermission[] };
/** A project in the list; `live` and `urls` are of production. */
export type Project = Permitted<Schemas['ProjectBody']> & { live: boolean; urls: string[]; last_deployment?: Schemas['LastDeployment'] | null };
export type ProjectDetails = Permitted<Schemas['ProjectDetails']>;

export type Verdict = 'passed' | 'throttled' | 'refused' | 'failed' | 'abandoned';
export type Outcome =
  | 'passed' | 'redirected' | 'blocked' | 'not_allowed' | 'throttled' | 'too_large' | 'malformed' | 'misdirected'
  | 'upstream_failed' | 'failed' | 'abandoned';
export type RuleOfRequest = Omit<Schemas['RequestRule'], 'scope'> & { scope: 'instance' | 'console' | 'project' | 'environment' };
export type RequestRecord = Omit<Schemas['RequestBody'], 'verdict' | 'outcome' | 'rule'> & { verdict: Verdict; outcome: Outcome; rule?: RuleOfRequest | null };
export type RequestPage = PageOf<RequestRecord> & { since: string };

export type VerdictCounts = Pick<Schemas['Numbers'], Verdict>;
export type Point = Told<Schemas['Point']>;
export type Analytics = Told<Omit<Schemas['Analytics'], 'points' | 'totals'>> & { points: Point[]; totals: Told<Schemas['Totals']> };
export type DryRunTraffic = Schemas['TrafficPreview'];

export type Member = { user: Schemas['UserBody']; role: string; permissions: ProjectPermission[]; created_at: string };
export type ListedUser = Schemas['UserBody'] & { state: 'invited' | 'active' | 'disabled'; second_factor: 'none' | 'totp' | 'passkey'; created_at: string };
export type AuditRecord = {
  id: string; seq: number | null; at: string;
  actor: Schemas['ActorBody']; action: string; project: string | null; target: Schemas['TargetBody'] | null;
  result: 'done' | 'denied' | 'failed'; count: number; request_id: string | null;
  personal: Record<string, string | null>; changes: Record<string, unknown>;
};

type InProject = '/api/v1/projects/{project}';
type Exact = {
  '/api/v1/projects/{project}/analytics': Gets<`${InProject}/analytics`, Analytics>;
  '/api/v1/me': Gets<'/api/v1/me', Me>;
  '/api/v1/users': Gets<'/api/v1/users', PageOf<ListedUser>>;
  '/api/v1/audit': Gets<'/api/v1/audit', PageOf<AuditRecord>>;
  '/api/v1/projects': Omit<Gets<'/api/v1/projects', PageOf<Project>>, 'post'> & { post: Answers<paths['/api/v1/projects']['post'], 201, ProjectDetails> };
  '/api/v1/projects/{project}': Gets<InProject, ProjectDetails>;
  '/api/v1/projects/{project}/audit': Gets<`${InProject}/audit`, PageOf<AuditRecord>>;
  '/api/v1/projects/{project}/members': Gets<`${InProject}/members`, PageOf<Member>>;
  '/api/v1/projects/{project}/requests': Gets<`${InProject}/requests`, RequestPage>;
  '/api/v1/projects/{project}/requests/{request}': Gets<`${InProject}/requests/{request}`, RequestRecord>;
  '/api/v1/projects/{project}/refusals': Gets<`${InProject}/refusals`, RequestPage>;
};

export type Paths = Omit<paths, keyof Exact> & Exact;
