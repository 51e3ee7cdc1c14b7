import createClient from 'openapi-fetch';
import type { Paths } from './exact';
import { Problem } from './problem';

/** What the application around the calls does about them. Set once, by `session` and `connection`. */
export const around = {
  /** Asks the person to log in again; true when the call may be repeated. */
  renew: async (): Promise<boolean> => false,
  /** An answer came. */
  reached: (): void => {},
  /** No answer came. */
  unreachable: (): void => {},
};

/** The API. Wrap each call in `call` or `versioned`, which throw a `Problem` for everything that is no success. */
export const api = createClient<Paths>({ fetch: (request) => send(request) });

/** Sends a request; after an ended session asks for the password in place and sends it again. */
async function send(request: Request): Promise<Response> {
  const again = request.clone();
  const response = await reach(request);
  if (!(await sessionEnded(response))) return response;
  return (await around.renew()) ? reach(again) : response;
}

async function reach(request: Request): Promise<Response> {
  try {
    const response = await fetch(request);
    around.reached();
    return response;
  } catch {
    if (request.signal.aborted) throw Problem.aborted();
    around.unreachable();
    throw Problem.offline();
  }
}

/** Whether a login is missing; a wrong password at the login is another 401. */
export async function sessionEnded(response: Response): Promise<boolean> {
  if (response.status !== 401) return false;
  const body: unknown = await response.clone().json().catch(() => null);
  return typeof body === 'object' && body !== null && 'code' in body && body.code === 'login_required';
}

type Answered<T> = Promise<{ data?: T; error?: unknown; response: Response }>;

/** The body of a successful answer. */
export async function call<T>(answered: Answered<T>): Promise<T> {
  return (await versioned(answered)).value;
}

/** A value with the version to be given back as `If-Match` when it is changed. */
export interface Versioned<T> {
  value: T;
  etag: string;
}

/** Like `call`, for what is changed with `If-Match`. */
export async function versioned<T>(answered: Answered<T>): Promise<Versioned<T>> {
  const { data, error, response } = await answered;
  if (!response.ok) throw Problem.answered(response, error);
  return { value: data as T, etag: response.headers.get('etag') ?? '' };
}

/** The version of something as `If-Match`, where the value itself says it. */
export const tagOf = ({ version }: { version: number }): string => `"${version}"`;
