import { expect } from '@playwright/test';
import type { Api } from './api.ts';
import { call } from './http.ts';
import { SLUG } from './pages.ts';
import type { Program } from './program.ts';

/** What became of requests is counted a moment later. */
async function counted(api: Api): Promise<void> {
  const path = `/projects/${SLUG}/analytics?range=hour`;
  await expect.poll(async () => (await api.do<{ totals: { requests: number } }>('GET', path)).body.totals.requests).toBe(2);
}

/** Makes a project in which every page has something to show: deployments, rules, requests, refusals, people. */
export async function furnish(api: Api, program: Program): Promise<void> {
  await api.createProject(SLUG, 'The shop');
  await api.deploy(SLUG, { 'index.html': '<h1>One</h1>' });
  await api.deploy(SLUG, { 'index.html': '<h1>Two</h1>' });
  await api.do('POST', `/projects/${SLUG}/environments`, { slug: 'staging' });
  await api.do('POST', `/projects/${SLUG}/domains`, { host: 'www.example.com' });
  await api.addRule(SLUG, { action: 'block', network: '127.0.0.9', note: 'noisy' });
  await api.addRule(SLUG, { action: 'allow', network: '198.51.100.0/24', note: 'the office' });
  for (const from of ['127.0.0.1', '127.0.0.9']) await call(program, `${program.at(SLUG)}/`, { from });
  await counted(api);
  await api.invite('ina@example.com', 'Ina');
}
