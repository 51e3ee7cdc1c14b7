// What of a folder is published, under which names, and what is said about it before anything is sent.

/** A file of a folder, under its path in it. */
export interface Found {
  path: string;
  file: Pick<File, 'size'>;
}

/** What is chosen to be deployed. */
export interface Selection<F extends Found = Found> {
  files: F[];
  bytes: number;
  /** Paths that are not sent, with the reason. */
  leftOut: { path: string; why: string }[];
  hasIndex: boolean;
  /** Folders in it that have an index.html, where it has none at its top. */
  inner: string[];
}

const SECRET = 'may hold secrets';
const LEFT_OUT = new Map([
  ['.git', 'history of the sources'], ['.hg', 'history of the sources'], ['.svn', 'history of the sources'],
  ['node_modules', 'packages, no part of a site'],
  ['.DS_Store', 'left by the system'], ['Thumbs.db', 'left by the system'], ['__MACOSX', 'left by the system'],
  ['.ssh', SECRET], ['.aws', SECRET], ['.netrc', SECRET], ['.npmrc', SECRET], ['.htpasswd', SECRET],
]);

/** Why something of this name is not sent; undefined for what is. */
export function whyLeftOut(name: string): string | undefined {
  return name.startsWith('.env') ? SECRET : LEFT_OUT.get(name);
}

const isArchive = (name: string): boolean => /\.(zip|tar\.gz|tgz)$/i.test(name);

/** Whether a file is meant to be unpacked, is packed in a way that Temps does not read, or is a file like others. */
export function packedAs(name: string): 'archive' | 'other' | undefined {
  if (isArchive(name)) return 'archive';
  return /\.(tar|rar|7z|bz2|xz|zst|gz)$/i.test(name) ? 'other' : undefined;
}

/**
 * Chooses what is published of the files of a folder. The folder itself goes, so that its index.html stands at the root; with `within`, only
 * what lies in that folder of it is taken.
 */
export function select<F extends Found>(found: readonly F[], within = ''): Selection<F> {
  const leftOut = new Map<string, string>();
  const kept: F[] = [];
  const top = commonTop(found);
  for (const entry of found) {
    const path = entry.path.slice(top.length + within.length);
    if (!entry.path.slice(top.length).startsWith(within)) continue;
    const segments = path.split('/');
    const at = segments.findIndex((segment) => whyLeftOut(segment) !== undefined);
    if (at < 0) kept.push({ ...entry, path });
    else leftOut.set(segments.slice(0, at + 1).join('/'), whyLeftOut(segments[at] ?? '') ?? '');
  }
  const hasIndex = kept.some(({ path }) => path === 'index.html');
  const inner = kept.filter(({ path }) => path.endsWith('/index.html')).map(({ path }) => path.slice(0, -'index.html'.length));
  return {
    files: kept,
    bytes: kept.reduce((sum, { file }) => sum + file.size, 0),
    leftOut: [...leftOut].map(([path, why]) => ({ path, why })),
    hasIndex,
    inner: hasIndex ? [] : inner.sort((a, b) => a.split('/').length - b.split('/').length).slice(0, 3),
  };
}

/** The folder that all of the files lie in, with its slash; empty if there is none. */
function commonTop(found: readonly Found[]): string {
  const [first] = found;
  const top = first?.path.includes('/') ? first.path.slice(0, first.path.indexOf('/') + 1) : '';
  return top !== '' && found.every(({ path }) => path.startsWith(top)) ? top : '';
}
