// Prints what the first load costs and what everything costs, compressed with brotli as it is served, and fails above the budget.
// The first load is what has to be there before somebody can log in and see their projects.
import { readdirSync, readFileSync } from 'node:fs';
import { brotliCompressSync, constants } from 'node:zlib';

const BUDGET = 150 * 1024;
const BUILD = 'build';
const MANIFEST = '.svelte-kit/output/client/.vite/manifest.json';
const PAGES = ['+layout', '(public)/login/+page', '(app)/+layout', '(app)/projects/+page'];

/** @typedef {{ file: string, src?: string, imports?: string[], css?: string[], assets?: string[] }} Chunk */
/** @type {Record<string, Chunk>} */
const manifest = JSON.parse(readFileSync(MANIFEST, 'utf8'));

/** @param {string} file */
function compressed(file) {
  const bytes = readFileSync(`${BUILD}/${file}`);
  // Fonts are compressed already and are served as they are.
  if (file.endsWith('.woff2')) return bytes.length;
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } }).length;
}

/** The chunk with all that it imports before it runs, and their styles. @param {string} key @param {Set<string>} files */
function follow(key, files) {
  const chunk = manifest[key];
  if (!chunk) throw new Error(`the manifest has no ${key}`);
  if (files.has(chunk.file)) return;
  files.add(chunk.file);
  for (const style of chunk.css ?? []) files.add(style);
  for (const asset of chunk.assets ?? []) files.add(asset);
  for (const imported of chunk.imports ?? []) follow(imported, files);
}

const GENERATED = '.svelte-kit/generated/client-optimized';
const nodes = Object.keys(manifest).filter((key) => key.startsWith(`${GENERATED}/nodes/`));

/** Kit numbers the modules of pages and layouts; each names the sources that it stands for. @param {string} page */
function nodeOf(page) {
  const node = nodes.find((key) => readFileSync(key, 'utf8').includes(`/src/routes/${page}.`));
  if (!node) throw new Error(`no module stands for ${page}`);
  return node;
}

const first = new Set(['index.html', 'theme.js', 'favicon.svg']);
for (const key of ['node_modules/@sveltejs/kit/src/runtime/client/entry.js', `${GENERATED}/app.js`, ...PAGES.map(nodeOf)]) follow(key, first);

const all = readdirSync(BUILD, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && !/\.(?:br|gz)$/.test(entry.name))
  .map((entry) => `${entry.parentPath}/${entry.name}`.slice(BUILD.length + 1));

/** @param {Iterable<string>} files */
const sum = (files) => [...files].reduce((total, file) => total + compressed(file), 0);
/** @param {number} bytes */
const kb = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;
/** @param {RegExp} kind */
const part = (kind) => kb(sum([...first].filter((file) => kind.test(file))));

const total = sum(first);
console.log(`first load  ${kb(total)} of ${kb(BUDGET)}: scripts ${part(/\.js$/)}, styles ${part(/\.css$/)}, font ${part(/\.woff2$/)} in ${first.size} files`);
console.log(`all assets  ${kb(sum(all))} in ${all.length} files`);
if (total > BUDGET) {
  console.error('The first load is above the budget.');
  process.exit(1);
}
