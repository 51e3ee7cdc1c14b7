import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '../support/test.ts';

/** The link of the one mail in the outbox. Quoted-printable breaks lines and writes `=` as `=3D`. */
async function linkOfNotice(dataDir: string): Promise<string> {
  const folder = join(dataDir, 'outbox');
  let mail = '';
  await expect
    .poll(async () => {
      const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.eml'));
      mail = names[0] ? await readFile(join(folder, names[0]), 'utf8') : '';
      return mail;
    }, { timeout: 20_000 })
    .toContain('Your password was changed');
  const link = /https:\/\/\S+\/revoke#token=[\w-]+/.exec(mail.replaceAll(/=\r?\n/g, '').replaceAll('=3D', '='));
  return link?.[0] ?? '';
}

test('the link of a notice ends all sessions, but only when somebody confirms it', async ({ owner, browser, guard, temps, contextOptions }) => {
  const { page, api } = owner;
  await api.do('PUT', '/me/password', { password: 'another battery and more staples' });
  await page.context().addCookies([api.cookie]);
  const link = await linkOfNotice(temps.dataDir);
  expect(temps.printed, 'the console shows the mail').toContain('/revoke#token=');

  await page.goto('/projects');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  const elsewhere = await browser.newContext({ ...contextOptions, ignoreHTTPSErrors: true });
  const mail = await elsewhere.newPage();
  await mail.goto(link);
  await expect(mail.getByRole('heading', { level: 1, name: 'This was not me' })).toBeVisible();
  expect(new URL(mail.url()).hash, 'the token leaves the address bar').toBe('');
  await page.reload();
  await expect(page.getByRole('heading', { level: 1, name: 'Projects' })).toBeVisible();

  guard.expectFailure('the session has ended', 401, /\/api\/v1\//);
  await mail.getByRole('button', { name: 'End all sessions' }).click();
  await expect(mail.getByRole('heading', { level: 1, name: 'All sessions are ended' })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('heading', { level: 1, name: 'Log in' })).toBeVisible();
  await elsewhere.close();
});
