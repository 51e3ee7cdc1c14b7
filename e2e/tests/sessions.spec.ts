import { Api } from '../support/api.ts';
import { giveFirstFactor } from '../support/factors.ts';
import { expect, test } from '../support/test.ts';

const NOBODY = /\/api\/v1\/me$/;
const NEW_PASSWORD = 'violet harbour kettle ninety';

test('ending the session of another browser makes its open page ask for the login, and it goes on', async ({ owner, anotherBrowser, guard }) => {
  const { page, api, account } = owner;
  await api.createProject('shop', 'The shop');
  // A page with a stream that asks for nothing else by itself.
  const stream = () => page.waitForResponse(/\/stream$/);
  const first = stream();
  await page.goto('/projects/shop/settings');
  await first;

  guard.expectFailure('nobody is logged in', 401, NOBODY);
  const other = await (await anotherBrowser()).newPage();
  await other.goto('/account/security');
  await giveFirstFactor(other, account);
  const table = other.getByRole('table', { name: 'Sessions' });
  await expect(table.getByRole('row').filter({ hasText: 'this one' })).toContainText('Chrome on Linux');
  await table.getByRole('button', { name: /^End the session/ }).first().click();
  await expect(table.getByRole('button', { name: /^End the session/ })).toHaveCount(0);

  const question = page.getByRole('dialog', { name: 'Your session has ended' });
  await expect(question).toBeVisible();
  await question.getByLabel('Password', { exact: true }).fill(account.password);
  const again = stream();
  await question.getByRole('button', { name: 'Log in', exact: true }).click();
  await expect(question).toBeHidden();
  expect((await again).status()).toBe(200);
});

test('all other sessions end at once, and so they do when the password is changed', async ({ owner, temps, guard }) => {
  const { page, account } = owner;
  const other = new Api(temps);
  await other.logIn(account);
  await page.goto('/account/security');
  await page.getByRole('button', { name: 'End all others' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'End them' }).click();
  await expect(page.getByText('1 session ended.')).toBeVisible();
  expect((await other.try('GET', '/me')).status).toBe(401);

  await other.logIn(account);
  const password = page.getByLabel('New password', { exact: true });
  await password.fill('short');
  await page.getByRole('button', { name: 'Change the password' }).click();
  await expect(password).toHaveAccessibleDescription(/7 more characters needed/);
  guard.expectFailure('the password is known to everybody', 422, /\/me\/password$/);
  await password.fill('passwordpassword');
  await page.getByRole('button', { name: 'Change the password' }).click();
  await expect(password).toHaveAttribute('aria-invalid', 'true');
  await password.fill(NEW_PASSWORD);
  await page.getByRole('button', { name: 'Change the password' }).click();
  await expect(page.getByText('Your password is changed.')).toBeVisible();
  expect((await other.try('GET', '/me')).status).toBe(401);
  await other.logIn({ ...account, password: NEW_PASSWORD });
});

test('an administrator ends all sessions of somebody', async ({ owner, temps }) => {
  const { page } = owner;
  const token = await owner.api.invite('ina@example.com', 'Ina');
  const hers = new Api(temps);
  await hers.do('POST', '/activation', { token, password: 'a quiet afternoon by the lake' });
  await page.goto('/instance/users');
  await page.getByRole('button', { name: 'Sessions of ina@example.com' }).click();
  const dialog = page.getByRole('dialog', { name: 'Sessions of Ina' });
  await expect(dialog.getByRole('row')).toHaveCount(2);
  await dialog.getByRole('button', { name: 'End all sessions' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'End all sessions' }).click();
  await expect(dialog).toContainText('Ina is logged in nowhere.');
  expect((await hers.try('GET', '/me')).status).toBe(401);
});

test('what a page asks for by itself says so, and what a person asks for does not', async ({ owner }) => {
  const { page, api } = owner;
  await api.createProject('shop', 'The shop');
  await page.clock.install();
  const asked: (string | undefined)[] = [];
  page.on('request', (request) => {
    if (/\/api\/v1\/(projects|analytics)(\?|$)/.test(request.url())) asked.push(request.headers()['x-background']);
  });
  await page.goto('/projects');
  await expect(page.getByRole('link', { name: 'The shop' }).first()).toBeVisible();
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.every((header) => header === undefined)).toBe(true);
  asked.length = 0;
  await page.clock.runFor(31_000);
  await expect.poll(() => asked.length).toBeGreaterThan(1);
  expect(asked.every((header) => header === '1')).toBe(true);
});
