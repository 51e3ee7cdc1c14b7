import { writeFolder } from '../support/folder.ts';
import { drop } from '../support/drop.ts';
import { OWNER, expect, test } from '../support/test.ts';

/** Seconds of clicking from the printed link to the own site in the browser. */
const LIMIT = 60;

test.use({ serve: ['--demo'] });

test('from the printed link to the own site takes less than a minute', async ({ page, temps }, testInfo) => {
  const folder = await writeFolder(testInfo.outputPath('my-site'), {
    'index.html': '<!doctype html><html lang="en"><title>Mine</title><link rel="icon" href="icon.svg"><link rel="stylesheet" href="css/site.css"><h1>My own site</h1>',
    'css/site.css': 'h1 { color: rgb(1, 2, 3) }',
    'icon.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
  });
  const link = await temps.setupLink();
  const begun = performance.now();

  await page.goto(link);
  await page.getByLabel('Name').fill(OWNER.name);
  await page.getByLabel('E-mail address').fill(OWNER.email);
  await page.getByLabel('Password', { exact: true }).fill(OWNER.password);
  await page.getByRole('button', { name: 'Become the owner' }).click();

  // The demo project is there, answers, and says what to try.
  await expect(page.getByRole('heading', { level: 1, name: 'Demo' })).toBeVisible();
  await expect(page).toHaveURL(/\/projects\/demo\?welcome$/);
  await expect(page.getByRole('link', { name: 'Block yourself' })).toBeVisible();
  const opened = page.context().waitForEvent('page');
  await page.getByRole('link', { name: 'Open the site' }).click();
  const site = await opened;
  await expect(site.getByRole('heading', { level: 1 })).toBeVisible();

  await page.getByRole('link', { name: 'Deployments', exact: true }).click();
  await drop(page.getByText('Drop a folder or an archive here'), folder);
  await page.getByRole('button', { name: 'Deploy to production' }).click();
  await expect(page.getByRole('region', { name: 'Deploy' })).toContainText('Deployment 2 is live in production.');
  await site.reload();
  await expect(site.getByRole('heading', { level: 1, name: 'My own site' })).toHaveCSS('color', 'rgb(1, 2, 3)');

  const seconds = (performance.now() - begun) / 1000;
  console.log(`from the printed link to the own site: ${seconds.toFixed(1)} s`);
  expect(seconds).toBeLessThan(LIMIT);
});
