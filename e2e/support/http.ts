import { Agent, request as send } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import type { Program } from './program.ts';

export interface Call {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** The loopback address that the call comes from. */
  from?: string;
}

export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** The address that the browsers of the tests have, like everything on this machine that does not choose another one. */
export const HERE = '127.0.0.1';

/** One HTTPS call to the console or to a site, by whatever name it has, that trusts the program's own authorities alone. */
export function call(program: Program, url: string, { method = 'GET', headers = {}, body, from = HERE }: Call = {}): Promise<Reply> {
  const { hostname, host, pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = send(
      {
        host: '127.0.0.1',
        port: program.httpsPort,
        localAddress: from,
        servername: hostname,
        ca: program.authorities,
        agent: new Agent({ keepAlive: false }),
        method,
        path: pathname + search,
        headers: { host, ...headers, ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }) },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The id by which the visitor can name a request to the owner of the site. */
export function requestId(reply: Reply): string {
  const id = reply.headers['temps-request-id'];
  if (typeof id !== 'string') throw new Error('the answer names no request id');
  return id;
}
