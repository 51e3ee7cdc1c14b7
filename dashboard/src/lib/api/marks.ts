/** What the server is to be told, or the person is to be spared, about a call. It rides on the signal that the call is cancelled by. */
type Mark =
  /** The page asks by itself, so that the call keeps no session alive. */
  | 'background'
  /** Nobody is asked for a proof because of it, such as while somebody types. */
  | 'unasked';

const marks = new WeakMap<AbortSignal, Mark>();

/** Marks every call that gets this signal. */
export function marked(signal: AbortSignal, mark: Mark): AbortSignal {
  marks.set(signal, mark);
  return signal;
}

/** A signal for one call that the page makes by itself. */
export const byItself = (): AbortSignal => marked(new AbortController().signal, 'background');

/** A request that knows the mark of its signal: of the signal itself it keeps a copy only. */
export class MarkedRequest extends Request {
  readonly unasked: boolean;

  constructor(input: RequestInfo | URL, init?: RequestInit) {
    super(input, init);
    const mark = init?.signal ? marks.get(init.signal) : undefined;
    if (mark === 'background') this.headers.set('X-Background', '1');
    this.unasked = mark === 'unasked';
  }
}
