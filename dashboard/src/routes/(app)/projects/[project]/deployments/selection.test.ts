import { describe, expect, it } from 'vitest';
import { packedAs, select } from './selection';

const files = (...paths: string[]) => paths.map((path) => ({ path, file: { size: 10 } }));
const paths = (selection: ReturnType<typeof select>) => selection.files.map(({ path }) => path);

describe('select', () => {
  it('takes the folder itself off, so that index.html is at the root', () => {
    const selection = select(files('site/index.html', 'site/css/site.css'));
    expect(paths(selection)).toEqual(['index.html', 'css/site.css']);
    expect(selection).toMatchObject({ hasIndex: true, bytes: 20, inner: [], leftOut: [] });
  });

  it('keeps the names of files that lie in no common folder', () => {
    expect(paths(select(files('index.html', 'css/site.css')))).toEqual(['index.html', 'css/site.css']);
    expect(paths(select(files('a/x.html', 'ab/y.html')))).toEqual(['a/x.html', 'ab/y.html']);
  });

  it('leaves out what is no part of a site, and says each folder once', () => {
    const selection = select(files('s/index.html', 's/.git/HEAD', 's/.git/objects/1', 's/app/node_modules/x.js', 's/.env.local', 's/.well-known/a'));
    expect(paths(selection)).toEqual(['index.html', '.well-known/a']);
    expect(selection.leftOut.map(({ path }) => path)).toEqual(['.git', 'app/node_modules', '.env.local']);
  });

  it('names the folders with an index.html where there is none at the top, and takes one of them alone', () => {
    const found = files('app/src/deep/index.html', 'app/dist/index.html', 'app/dist/a.js', 'app/readme.md');
    expect(select(found)).toMatchObject({ hasIndex: false, inner: ['dist/', 'src/deep/'] });
    const inner = select(found, 'dist/');
    expect(paths(inner)).toEqual(['index.html', 'a.js']);
    expect(inner.hasIndex).toBe(true);
  });
});

describe('packedAs', () => {
  it('tells archives by their names', () => {
    expect(['a.zip', 'A.TAR.GZ', 'a.tgz', 'a.tar.xz', 'a.rar', 'index.html'].map(packedAs)).toEqual(['archive', 'archive', 'archive', 'other', 'other', undefined]);
  });
});
