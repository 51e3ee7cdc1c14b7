import { type Files, zip } from './archive.ts';
import { type Call, type Reply, call } from './http.ts';
import type { Program } from './program.ts';

export interface Answer<T> {
  status: number;
  headers: Reply['headers'];
  body: T;
}

export interface Account {
  email: string;
  name: string;
  password: string;
}

export interface Rule {
  id: string;
  action: 'block' | 'allow';
  network: string;
  note: string;
  version: number;
}

const COOKIE = '__Host-temps_session';
const BOUNDARY = 'an-archive-for-temps';

/** The API as a program uses it, for what a test needs but does not test. */
export class Api {
  private session?: string;

  constructor(
    readonly program: Program,
    /** What every call has: the address that it comes from, further headers. */
    private readonly always: Pick<Call, 'from' | 'headers'> = {},
  ) {}

  /** Calls the API and expects it to do what it is asked. */
  async do<T = unknown>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer<T>> {
    const answer = await this.try<T>(method, path, body, headers);
    if (answer.status >= 400) {
      throw new Error(`${method} ${path} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    }
    return answer;
  }

  /** Calls the API, whatever comes. */
  async try<T = unknown>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer<T>> {
    const isBytes = body instanceof Uint8Array;
    const reply = await call(this.program, `${this.program.url}/api/v1${path}`, {
      method,
      from: this.always.from,
      headers: {
        ...this.always.headers,
        accept: 'application/json',
        origin: this.program.url,
        ...(this.session === undefined ? {} : { cookie: `${COOKIE}=${this.session}` }),
        ...(body === undefined || isBytes ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined || isBytes ? body : JSON.stringify(body),
    });
    for (const cookie of reply.headers['set-cookie'] ?? []) {
      const [, value] = new RegExp(`^${COOKIE}=([^;]*)`).exec(cookie) ?? [];
      if (value !== undefined) this.session = value || undefined;
    }
    const isJson = /json$/.test(reply.headers['content-type'] ?? '');
    return { ...reply, body: (isJson ? JSON.parse(reply.body) : reply.body) as T };
  }

  /** The session as a browser keeps it. */
  get cookie() {
    if (this.session === undefined) throw new Error('nobody is logged in');
    return {
      name: COOKIE,
      value: this.session,
      url: `${this.program.url}/`,
      httpOnly: true,
      secure: true,
      sameSite: 'Lax' as const,
    };
  }

  /** Takes over the session of a browser. */
  continue(session: string): void {
    this.session = session;
  }

  async setUp(account: Account): Promise<void> {
    await this.do('POST', '/setup', { ...account, token: await this.program.setupToken() });
  }

  async logIn({ email, password }: Account): Promise<void> {
    await this.do('POST', '/session', { email, password });
  }

  /** Changes something as it is now. */
  async change(path: string, body: unknown): Promise<void> {
    const { headers } = await this.do('GET', path);
    await this.do('PUT', path, body, { 'if-match': headers.etag ?? '' });
  }

  /** Changes a part of the instance's settings; a change gives all of them. */
  async changeSettings(part: object): Promise<void> {
    const { body } = await this.do<Record<string, unknown>>('GET', '/instance');
    const all = ['users_may_create_projects', 'sessions', 'second_factor', 'passwords'].map((name) => [name, body[name]] as const);
    await this.change('/instance', { ...Object.fromEntries(all), ...part });
  }

  async createProject(slug: string, name = ''): Promise<void> {
    await this.do('POST', '/projects', { slug, name });
  }

  /** Invites somebody and gives back the token of the invitation. */
  async invite(email: string, name: string, more: { second_factor_required?: boolean } = {}): Promise<string> {
    const { body } = await this.do<{ link: string }>('POST', '/users', { email, name, ...more });
    const token = new URLSearchParams(new URL(body.link).hash.slice(1)).get('token');
    if (!token) throw new Error(`no token in ${body.link}`);
    return token;
  }

  /** Deploys files as a static site. */
  async deploy(project: string, files: Files, environment = 'production'): Promise<void> {
    const archive = zip(files);
    const part = (disposition: string) => `--${BOUNDARY}\r\nContent-Disposition: form-data; ${disposition}`;
    const body = Buffer.concat([
      Buffer.from(`${part('name="environment"')}\r\n\r\n${environment}\r\n`),
      Buffer.from(`${part(`name="archive"; filename="${archive.name}"`)}\r\nContent-Type: ${archive.type}\r\n\r\n`),
      archive.bytes,
      Buffer.from(`\r\n--${BOUNDARY}--\r\n`),
    ]);
    await this.do('POST', `/projects/${project}/deployments`, body, {
      'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
    });
  }

  async addRule(project: string, rule: { action: 'block' | 'allow'; network: string; note?: string }): Promise<Rule> {
    const path = `/projects/${project}/firewall/rules`;
    const { body } = await this.do<{ items: Rule[] }>('POST', path, { note: '', ...rule });
    const [added] = body.items;
    if (!added) throw new Error('no rule was added');
    return added;
  }

  async rules(project: string): Promise<Rule[]> {
    return (await this.do<{ items: Rule[] }>('GET', `/projects/${project}/firewall/rules`)).body.items;
  }
}
