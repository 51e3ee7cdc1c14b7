import { sveltekit } from '@sveltejs/kit/vite';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/**
 * The dashboard's CSP forbids style attributes in markup. Those of the libraries become classes of base.css; one of our own, or a
 * new one of theirs, ends the build.
 */
const noStyleAttributes: Plugin = {
  name: 'no-style-attributes',
  enforce: 'pre',
  transform(code, id) {
    if (!id.endsWith('.svelte')) return;
    const changed = code
      .replaceAll('style="display: contents;"', 'class="contents"')
      .replace(/(<div id="svelte-announcer"[^>]*?) style="[^"]*"/, '$1 class="unseen"');
    if (/\sstyle="[^"{]*"/.test(changed)) this.error('style attributes are forbidden by the CSP; use a class or a style: directive');
    return changed === code ? undefined : changed;
  },
};

// During development the API of a running Temps is reached through this server: TEMPS=http://127.0.0.1:8080 npm run dev
const temps = new URL(process.env.TEMPS ?? 'http://127.0.0.1:8080');
const api = { target: temps.origin, headers: { host: `temps.localhost:${temps.port}` } };

export default defineConfig({
  plugins: [noStyleAttributes, sveltekit()],
  build: { target: 'es2022', cssMinify: true, assetsInlineLimit: 0, manifest: true },
  server: { allowedHosts: ['temps.localhost'], proxy: { '/api': api, '/healthz': api } },
  test: { include: ['src/**/*.test.ts'] },
});
