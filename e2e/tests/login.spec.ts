import type { Page } from '@playwright/test';
import { type Account, Api } from '../support/api.ts';
import { OWNER, expect, test } from '../support/test.ts';

const NOBODY = /\/api\/v1\/me$/;

async function logIn(page: Page, { email, password }: Account): Promise<void> {
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
}

test.beforeEach(async ({ temps, guard }) => {
  await new Api(temps).setUp(OWNER);
  guard.expectFailure('nobody is logged in', 401, NOBODY);
});

test('a wrong password is refused and keeps the address; the right one leads to the page that was asked for', async ({ page, temps, guard }) => {
  await page.goto('/instance/users?from=mail');
  await expect(page.getByRole('heading', { name: 'Log in', exact: true })).toBeVisible();
  guard.expectFailure('the password is wrong', 401, /\/session$/);
  await logIn(page, { ...OWNER, password: 'something else entirely' });
  await expect(page.getByRole('main').getByRole('alert')).toContainText('E-mail or password is wrong');
  await expect(page.getByLabel('E-mail address')).toHaveValue(OWNER.email);
  await logIn(page, OWNER);
  await expect(page).toHaveURL(`${temps.url}/instance/users?from=mail`);
  await expect(page.getByRole('heading', { name: 'Users' })).toBeVisible();
});

test('nothing is sent before both fields are filled', async ({ page }) => {
  await page.goto('/login');
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await expect(page.getByLabel('E-mail address')).toBeFocused();
  await expect(page.getByLabel('E-mail address')).toHaveAccessibleDescription('Type your e-mail address.');
  await expect(page.getByLabel('Password', { exact: true })).toHaveAccessibleDescription('Type your password.');
});

for (const next of [
  'https://example.com/',
  '//example.com/',
  '/\\example.com/',
  '\\\\example.com/',
  '/..//example.com/',
  '/%2e%2e//example.com/',
  '/\t/example.com/',
  '\t//example.com/',
  'javascript:document.title=1',
  '/login?next=/login',
]) {
  test(`a login does not lead to ${JSON.stringify(next)}`, async ({ page, temps }) => {
    await page.goto(`/login?next=${encodeURIComponent(next)}`);
    await logIn(page, OWNER);
    await expect(page.getByRole('heading', { level: 1, name: 'Projects' })).toBeVisible();
    await expect(page).toHaveURL(`${temps.url}/projects`);
  });
}

test('who logs out has to log in again, also with the Back button', async ({ page, temps }) => {
  await page.goto('/login');
  await logIn(page, OWNER);
  await expect(page.getByRole('heading', { name: 'Projects' })).toBeVisible();
  await page.getByRole('button', { name: /your menu/ }).click();
  await page.getByRole('menuitem', { name: 'Log out' }).click();
  await expect(page.getByRole('heading', { name: 'Log in', exact: true })).toBeVisible();
  // What stays says only that somebody logged in on this device before.
  const cookies = await page.context().cookies(temps.url);
  expect(cookies.map(({ name }) => name)).toEqual(['__Host-temps_device']);
  await page.goto('/projects');
  await expect(page.getByRole('heading', { name: 'Log in', exact: true })).toBeVisible();
});

test('without TLS on a name under localhost everything works too', async ({ page, temps }) => {
  await page.goto(`${temps.plainUrl}/projects`);
  await logIn(page, OWNER);
  await expect(page).toHaveURL(`${temps.plainUrl}/projects`);
  await page.getByRole('link', { name: 'New project' }).first().click();
  await page.getByLabel('Name', { exact: true }).fill('The shop');
  await page.getByRole('button', { name: 'Create the project' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'The shop' })).toBeVisible();
  await expect(page).toHaveURL(`${temps.plainUrl}/projects/the-shop`);
});
