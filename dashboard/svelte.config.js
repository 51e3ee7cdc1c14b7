import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import adapter from '@sveltejs/adapter-static';

/** The same sources give the same name, so that two builds of one commit are the same bytes. */
function nameOfSources() {
  const hash = createHash('sha256').update(readFileSync('package-lock.json'));
  for (const folder of ['src', 'static']) {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const files = entries.map((entry) => `${entry.parentPath}/${entry.name}`).sort();
    for (const file of files) hash.update(file).update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 16);
}

/** @type {import('@sveltejs/kit').Config} */
export default {
  compilerOptions: {
    runes: ({ filename }) => (filename.includes('node_modules') ? undefined : true),
    // Elements are made one by one instead of from HTML text, so that no Trusted Types policy is needed.
    fragments: 'tree',
  },
  kit: {
    adapter: adapter({ fallback: 'index.html', precompress: true }),
    paths: { relative: false },
    version: { name: nameOfSources() },
    output: { preloadStrategy: 'modulepreload' },
  },
};
