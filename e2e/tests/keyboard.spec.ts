import { call } from '../support/http.ts';
import { tabTo } from '../support/keyboard.ts';
import { Api } from '../support/api.ts';
import { OWNER, expect, test } from '../support/test.ts';

test('with the keyboard alone one logs in, finds the firewall and blocks a network', async ({ page, temps, guard }) => {
  const api = new Api(temps);
  await api.setUp(OWNER);
  await api.createProject('shop', 'The shop');
  await api.deploy('shop', { 'index.html': 'Shop' });
  guard.expectFailure('nobody is logged in', 401, /\/api\/v1\/me$/);
  const { keyboard } = page;

  await page.goto('/login');
  await expect(page.getByRole('heading', { name: 'Log in' })).toBeVisible();
  await tabTo(page.getByLabel('E-mail address'));
  await keyboard.type(OWNER.email);
  await tabTo(page.getByLabel('Password', { exact: true }));
  await keyboard.type(OWNER.password);
  await keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Projects' })).toBeVisible();

  await keyboard.press('Control+K');
  await keyboard.type('the shop');
  await expect(page.getByRole('option').first()).toContainText('The shop');
  await keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'The shop' })).toBeVisible();
  await keyboard.press('Control+K');
  await keyboard.type('block an');
  await expect(page.getByRole('option').first()).toContainText('Block an address');
  await keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Firewall' })).toBeVisible();

  await tabTo(page.getByLabel('Address or network'));
  await keyboard.type('127.0.0.2');
  await tabTo(page.getByLabel('Note').first());
  await keyboard.type('by keyboard');
  await tabTo(page.getByRole('main').getByRole('button', { name: 'Block', exact: true }));
  await keyboard.press('Enter');
  await expect(page.getByRole('row').filter({ hasText: '127.0.0.2' })).toContainText('by keyboard');
  expect((await call(temps, temps.at('shop'), { from: '127.0.0.2' })).status).toBe(403);
});

test('the first stop leads past the navigation to the content', async ({ owner }) => {
  const { page } = owner;
  await page.goto('/projects');
  await expect(page.getByRole('heading', { level: 1, name: 'Projects' })).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('main').locator(':focus')).toHaveCount(1);
});

test('at 360 px the navigation opens, is followed and closes', async ({ owner }) => {
  const { page, api } = owner;
  await api.createProject('shop', 'The shop');
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto('/projects/shop');
  await page.getByRole('button', { name: 'Open the menu' }).click();
  const menu = page.getByRole('dialog', { name: 'Menu' });
  await menu.getByRole('link', { name: 'Domains' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Domains' })).toBeVisible();
  await expect(menu).toHaveCount(0);
});
