import createClient from 'openapi-fetch';
import { demandOf, insist, type Demand } from './demand';
import type { Paths } from './exact';
import { MarkedRequest } from './marks';
import { Problem } from './problem';

/** What the application around the calls does about them. Set once, by `session` and `connection`. */
export const around = {
  /** Asks the person for what the server demands; true when the call may be repeated. */
  meet: async (_demand: Demand): Promise<boolean> => false,
  /** An answer came. */
  reached: (): void => {},
  /** No answer came. */
  unreachable: (): void => {},
};

/** The API. Wrap each call in `call` or `versioned`, which throw a `Problem` for everything that is no success. */
export const api = createClient<Paths>({ Request: MarkedRequest, fetch: (request) => send(request) });

/** Sends a request; what the server demands first is asked for in place, and the request is sent again. */
function send(request: Request): Promise<Response> {
  const asks = !(request instanceof MarkedRequest && request.unasked);
  const demanded = async (response: Response) => {
    const demand = await demandIn(response);
    return asks || demand?.for === 'login' ? demand : undefined;
  };
  return insist(() => reach(request.clone()), demanded, (demand) => around.meet(demand));
}

async function demandIn(response: Response): Promise<Demand | undefined> {
  if (response.status !== 401 && response.status !== 403) return undefined;
  return demandOf(response.status, await response.clone().json().catch(() => null));
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
