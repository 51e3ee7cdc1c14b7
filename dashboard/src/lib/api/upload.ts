import { around } from './client';
import { demandOf, insist } from './demand';
import { Problem } from './problem';

export interface Progress {
  sent: number;
  total: number;
}

/**
 * Posts a form with progress, which `fetch` cannot tell. What the server demands first, such as a login, is asked for in place, and
 * sending begins again; `signal` cancels.
 */
export async function upload<T>(
  path: string,
  form: FormData,
  options: { progress?: (progress: Progress) => void; signal?: AbortSignal } = {},
): Promise<T> {
  const demanded = async ({ status, body }: Answer) => demandOf(status, body);
  const answer = await insist(() => post(path, form, options), demanded, (demand) => around.meet(demand));
  if (answer.status < 200 || answer.status > 299) throw Problem.answered(answer, answer.body);
  return answer.body as T;
}

interface Answer {
  status: number;
  headers: { get(name: string): string | null };
  body: unknown;
}

function post(path: string, form: FormData, { progress, signal }: Parameters<typeof upload>[2] & object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', path);
    request.responseType = 'text';
    request.upload.onprogress = ({ loaded, total }) => progress?.({ sent: loaded, total });
    request.onload = () => {
      around.reached();
      const headers = { get: (name: string) => request.getResponseHeader(name) };
      resolve({ status: request.status, headers, body: parsed(request.responseText) });
    };
    request.onerror = () => {
      around.unreachable();
      reject(Problem.offline());
    };
    request.onabort = () => reject(Problem.aborted());
    if (signal?.aborted) return reject(Problem.aborted());
    signal?.addEventListener('abort', () => request.abort(), { once: true });
    request.send(form);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
