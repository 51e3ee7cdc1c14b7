import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Page, expect, test } from '@playwright/test';
import { Api } from '../support/api.ts';
import { PAGES, type PageOfDashboard, SLUG } from '../support/pages.ts';
import { Program } from '../support/program.ts';
import { Clock } from '../support/clock.ts';
import { anHour } from './hour.ts';

const IMAGES = resolve(import.meta.dirname, '../../docs/images');
const OWNER = { email: 'olivia@example.com', name: 'Olivia', password: 'correct horse battery staple' };
/** Where the owner's browser seems to be. */
const ADDRESS = '192.0.2.15';
const THEMES = ['light', 'dark'] as const;

/** `/projects/shop/firewall` is shown in `firewall-light.png`. */
function fileName(path: string): string {
  const name = path.replace(`/projects/${SLUG}`, '').slice(1).replaceAll('/', '-');
  return name || 'overview';
}

/** What somebody typed before the picture is taken, where a page shows the best of itself only then. */
const TYPED: Record<string, (page: Page) => Promise<void>> = {
  firewall: async (page) => {
    await page.getByLabel('Address or network').fill('198.51.100.32/27');
    await page.getByLabel('Note').fill('reads the whole catalogue');
    await expect(page.getByText('Would have refused')).toBeVisible();
  },
};

async function picture(page: Page, { path, heading }: PageOfDashboard, name = fileName(path)): Promise<void> {
  for (const colorScheme of THEMES) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.goto(path);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(heading);
    await expect(page.locator('[aria-busy="true"], .skeleton')).toHaveCount(0);
    await TYPED[name]?.(page);
    await page.evaluate(() => document.fonts.ready);
    await page.screenshot({ path: join(IMAGES, `${name}-${colorScheme}.png`), animations: 'disabled', caret: 'hide' });
  }
}

test('every page, light and dark', async ({ browser, contextOptions, viewport }, testInfo) => {
  mkdirSync(IMAGES, { recursive: true });
  const clock = new Clock(testInfo.outputPath('clock'));
  clock.behindBy(60 * 60);
  const program = await Program.start(['--trusted-proxies', '127.0.0.1/32'], clock.environment);
  try {
    const headers = { 'x-forwarded-for': ADDRESS };
    const context = await browser.newContext({
      ...contextOptions,
      viewport,
      baseURL: program.url,
      ignoreHTTPSErrors: true,
      extraHTTPHeaders: headers,
    });
    const page = await context.newPage();
    const of = (whom: PageOfDashboard['for']) => PAGES.filter((shown) => shown.for === whom);
    for (const shown of of('newcomer')) await picture(page, shown);

    const api = new Api(program, { headers });
    await api.setUp(OWNER);
    for (const shown of of('visitor')) await picture(page, shown);
    await api.createProject(SLUG, 'The shop');
    await api.createProject('journal', 'Journal');
    await api.deploy('journal', { 'index.html': '<h1>Journal</h1>' });
    await api.createProject('wholesale', 'Wholesale');
    await api.do('POST', `/projects/${SLUG}/domains`, { host: 'shop.example.com' });
    await api.do('POST', `/projects/${SLUG}/environments`, { slug: 'staging' });
    await api.invite('ina@example.com', 'Ina');
    await anHour(program, clock, api);

    await context.addCookies([api.cookie]);
    for (const shown of of('owner')) await picture(page, shown);
    await page.setViewportSize({ width: 400, height: 850 });
    const overview = PAGES.find(({ path }) => path === `/projects/${SLUG}`);
    if (overview) await picture(page, overview, 'overview-narrow');
    await context.close();
  } finally {
    await program.remove();
  }
});
