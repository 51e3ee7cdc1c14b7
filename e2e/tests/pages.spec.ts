import type { Page } from '@playwright/test';
import { expectAccessible } from '../support/accessible.ts';
import { furnish } from '../support/furnished.ts';
import type { Guard } from '../support/guard.ts';
import { PAGES, type PageOfDashboard, routesOfSources } from '../support/pages.ts';
import { Api } from '../support/api.ts';
import type { Program } from '../support/program.ts';
import { OWNER, expect, test } from '../support/test.ts';

test('every page of the sources is in the table of pages', async () => {
  expect(PAGES.map(({ route }) => route).sort()).toEqual(await routesOfSources());
});

/** Opens a page as whom it is for and waits until it shows what it has. */
async function open(page: Page, program: Program, guard: Guard, shown: PageOfDashboard): Promise<void> {
  if (shown.for === 'visitor') guard.expectFailure('nobody is logged in', 401, /\/api\/v1\/me$/);
  if (shown.for !== 'newcomer') {
    const api = new Api(program);
    await api.setUp(OWNER);
    if (shown.for === 'owner') await furnish(api, program);
    if (shown.for === 'unsettled') await api.changeSettings({ second_factor: { everyone: true, administrators: false, roles: [] } });
    if (shown.for !== 'visitor') await page.context().addCookies([api.cookie]);
  }
  await page.goto(shown.path);
  await settled(page, shown);
}

async function settled(page: Page, { heading, shows }: PageOfDashboard): Promise<void> {
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(heading);
  await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
  if (shows) await expect(page.getByText(shows)).toBeVisible();
}

for (const shown of PAGES) {
  test(`${shown.route} has no violation of WCAG 2.2 AA, light and dark, and fits into 360 px`, async ({ page, temps, guard }) => {
    await open(page, temps, guard, shown);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await expect(page.locator('html')).toHaveAttribute('data-theme', colorScheme);
      await expectAccessible(page, `${shown.path}, ${colorScheme}`);
    }
    await page.setViewportSize({ width: 360, height: 740 });
    await settled(page, shown);
    const [needed, there] = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      return [scrollWidth, clientWidth] as const;
    });
    expect(needed, 'width that the document needs').toBeLessThanOrEqual(there);
    await expectAccessible(page, `${shown.path}, 360 px`);
  });
}
