import type { Api } from '../support/api.ts';
import { SLUG } from '../support/pages.ts';
import { call } from '../support/http.ts';
import type { Program } from '../support/program.ts';
import type { Clock } from '../support/clock.ts';

/** Minutes that the traffic goes back. */
const MINUTES = 58;

const PATHS = ['/', '/', '/', '/catalogue', '/catalogue?page=2', '/tea/assam', '/tea/sencha', '/basket', '/css/site.css', '/about'];
/** Addresses for documentation (RFC 5737, RFC 3849). */
const VISITORS = [...Array.from({ length: 40 }, (_, n) => `198.51.100.${n + 20}`), '2001:db8:9::17', '2001:db8:41::2'];
const STUFFER = '203.0.113.77';
const PROBER = '203.0.113.140';
const HURRIED = '192.0.2.61';

const page = (title: string) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><link rel="stylesheet" href="/css/site.css"><h1>${title}</h1>`;

const site = (greeting: string) => ({
  'index.html': page(greeting),
  'about.html': page('About the shop'),
  'catalogue.html': page('All teas'),
  'basket.html': page('Your basket'),
  'tea/assam.html': page('Assam'),
  'tea/sencha.html': page('Sencha'),
  'css/site.css': 'body { font: 18px/1.5 system-ui; margin: 4rem auto; max-width: 40rem }',
});

/** Numbers that look random and are the same in every run (Park and Miller's generator). */
function* numbers(): Generator<number, never> {
  for (let seed = 20_261_125; ; ) yield (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
}

/** An hour in the life of a shop: visitors, two deployments, somebody who tries passwords, and one who is in a hurry. */
export async function anHour(program: Program, clock: Clock, api: Api): Promise<void> {
  const random = numbers();
  const oneOf = (items: readonly string[]) => items[Math.floor(random.next().value * items.length)] ?? '';
  const visit = (client: string, path: string, method = 'GET') =>
    call(program, `${program.at(SLUG)}${path}`, { method, headers: { 'x-forwarded-for': client } });
  const events: Record<number, () => Promise<unknown>> = {
    52: () => api.deploy(SLUG, site('Tea from small gardens')),
    41: () => api.change(`/projects/${SLUG}/firewall`, { mode: 'open', limits: { rate: { per_second: 5, burst: 12 }, max_body: null } }),
    19: () => api.addRule(SLUG, { action: 'block', network: `${STUFFER}/32`, note: 'tries passwords' }),
    14: () => api.addRule(SLUG, { action: 'block', network: '203.0.113.128/25', note: 'looks for other software' }),
    11: () => api.addRule(SLUG, { action: 'allow', network: '198.51.100.0/28', note: 'the office' }),
    6: () => api.deploy(SLUG, site('Spring harvest is here')),
  };
  await api.deploy(SLUG, site('Tea'));
  for (let minute = MINUTES; minute >= 0; minute -= 1) {
    clock.behindBy(minute * 60);
    await events[minute]?.();
    const busy = Math.round(7 + 4 * Math.sin(minute / 7) + random.next().value * 4);
    for (let n = 0; n < busy; n += 1) await visit(oneOf(VISITORS), oneOf(PATHS));
    if (minute < 24 && minute > 8) for (let n = 0; n < 3; n += 1) await visit(STUFFER, '/login', 'POST');
    if (minute < 17 && minute % 3 === 0) for (const path of ['/wp-login.php', '/.env']) await visit(PROBER, path);
    if (minute === 33 || minute === 32) for (let n = 0; n < 20; n += 1) await visit(HURRIED, `/catalogue?page=${n}`);
  }
}
