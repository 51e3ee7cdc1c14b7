import type { Api } from './api.ts';
import { call } from './http.ts';
import { SLUG } from './pages.ts';
import type { Program } from './program.ts';

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
  await api.invite('ina@example.com', 'Ina');
}
