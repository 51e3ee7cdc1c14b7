import { writeFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { type Archive, tarGz, zip } from '../support/archive.ts';
import { drop } from '../support/drop.ts';
import { writeFolder } from '../support/folder.ts';
import { call } from '../support/http.ts';
import { expect, test } from '../support/test.ts';

const dropZone = (page: Page) => page.getByText('Drop a folder or an archive here');
const deployment = (page: Page, number: number) => page.getByRole('row', { name: new RegExp(`^${number} `) });

/** Lets go of something over the page, looks at what would be deployed, and agrees. */
async function deploy(page: Page, path: string): Promise<void> {
  await drop(dropZone(page), path);
  await page.getByRole('button', { name: 'Deploy to production' }).click();
}

test.beforeEach(async ({ owner }) => {
  await owner.api.createProject('shop', 'The shop');
});

test('a dropped folder becomes the site, without the folder around it', async ({ owner, temps }, testInfo) => {
  const { page } = owner;
  const folder = await writeFolder(testInfo.outputPath('site'), {
    'index.html': 'One',
    'css/site.css': 'body {}',
    '.git/config': '[core]',
  });
  await page.goto('/projects/shop/deployments');
  await drop(dropZone(page), folder);
  const main = page.getByRole('main');
  await expect(main).toContainText('2 files');
  await expect(main).toContainText('Left out: .git');
  await main.getByRole('button', { name: 'Deploy to production' }).click();
  await expect(deployment(page, 1)).toContainText('Live');
  await expect(page.getByText(/In force after .+ on every worker/).first()).toBeVisible();
  expect((await call(temps, temps.at('shop'))).body).toBe('One');
  expect((await call(temps, `${temps.at('shop')}/css/site.css`)).status).toBe(200);
  expect((await call(temps, `${temps.at('shop')}/.git/config`)).status).toBe(404);
});

for (const [kind, archive] of [
  ['zip', zip({ 'index.html': 'Packed', 'a/b.txt': 'B' })],
  ['tar.gz', tarGz({ 'index.html': 'Packed', 'a/b.txt': 'B' })],
] satisfies [string, Archive][]) {
  test(`an archive of the kind ${kind} is deployed, dropped or chosen`, async ({ owner, temps }, testInfo) => {
    const { page } = owner;
    const file = testInfo.outputPath(archive.name);
    await writeFile(file, archive.bytes);
    await page.goto('/projects/shop/deployments');
    await deploy(page, file);
    await expect(deployment(page, 1)).toContainText('Live');
    expect((await call(temps, `${temps.at('shop')}/a/b.txt`)).body).toBe('B');

    await page.getByRole('button', { name: 'Deploy something else' }).click();
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Choose an archive' }).click();
    await (await chooser).setFiles(file);
    await page.getByRole('button', { name: 'Deploy to production' }).click();
    await expect(deployment(page, 2)).toContainText('Live');
  });
}

test('an archive that is none is refused in words, and nothing changes', async ({ owner, temps, guard }, testInfo) => {
  const { page, api } = owner;
  await api.deploy('shop', { 'index.html': 'One' });
  const file = testInfo.outputPath('site.zip');
  await writeFile(file, 'this is no archive');
  await page.goto('/projects/shop/deployments');
  guard.expectFailure('that is no archive', 422, /\/deployments$/);
  await deploy(page, file);
  await expect(page.getByRole('main').getByRole('alert')).toContainText(/archive|damaged or cut off/i);
  await expect(page.getByText('What was live before still is.')).toBeVisible();
  expect((await call(temps, temps.at('shop'))).body).toBe('One');
});

test('a rollback asks first, says what will be live, and can be undone', async ({ owner, temps }) => {
  const { page, api } = owner;
  await api.deploy('shop', { 'index.html': 'One' });
  await api.deploy('shop', { 'index.html': 'Two' });
  const site = async () => (await call(temps, temps.at('shop'))).body;
  await page.goto('/projects/shop/deployments');
  const first = deployment(page, 1);
  const rollBack = first.getByRole('button', { name: /^Roll back/ });
  await rollBack.click();
  const question = page.getByRole('alertdialog');
  await expect(question).toContainText('Deployment 1 will be live instead of deployment 2 in production');
  await question.getByRole('button', { name: 'Cancel' }).click();
  expect(await site()).toBe('Two');

  await rollBack.click();
  await question.getByRole('button', { name: 'Make deployment 1 live' }).click();
  await expect(first).toContainText('Live');
  expect(await site()).toBe('One');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(deployment(page, 2)).toContainText('Live');
  expect(await site()).toBe('Two');
});

test('a deployment by somebody else appears by itself', async ({ owner }) => {
  const { page, api } = owner;
  await page.goto('/projects/shop/deployments');
  await expect(page.getByRole('heading', { level: 1, name: 'Deployments' })).toBeVisible();
  await expect(dropZone(page)).toBeVisible();
  await api.deploy('shop', { 'index.html': 'One' });
  await expect(deployment(page, 1)).toContainText('Live');
});

test.describe('with a limit of 1 MiB', () => {
  test.use({ serve: ['--max-upload', '1MiB'] });

  test('a larger file is refused before it is read or sent', async ({ owner }, testInfo) => {
    const { page } = owner;
    const file = testInfo.outputPath('site.zip');
    await writeFile(file, Buffer.alloc(3 * 1024 * 1024));
    await page.goto('/projects/shop/deployments');
    await expect(page.getByText('up to 1 MiB')).toBeVisible();
    const sent: string[] = [];
    page.on('request', (request) => request.method() === 'POST' && sent.push(request.url()));
    // Reading the file would be noticed here.
    await page.evaluate(() => {
      const read: string[] = ((window as unknown as { read: string[] }).read = []);
      for (const name of ['arrayBuffer', 'stream', 'text', 'slice'] as const) {
        const original = Blob.prototype[name] as (...args: unknown[]) => unknown;
        (Blob.prototype as unknown as Record<string, unknown>)[name] = function (this: Blob, ...args: unknown[]) {
          if (this instanceof File) read.push(name);
          return original.apply(this, args);
        };
      }
    });
    await drop(dropZone(page), file);
    const refusal = page.getByRole('main').getByRole('alert').filter({ hasText: 'takes up to 1 MiB' });
    await expect(refusal).toContainText('site.zip has 3 MiB');
    expect(sent).toEqual([]);
    expect(await page.evaluate(() => (window as unknown as { read: string[] }).read)).toEqual([]);
  });
});
