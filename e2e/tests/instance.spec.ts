import { call } from '../support/http.ts';
import { expect, test } from '../support/test.ts';

test('the instance settings are changed, undone, and a change meanwhile is shown', async ({ owner, guard }) => {
  const { page, api } = owner;
  await page.goto('/instance/settings');
  const main = page.getByRole('main');
  const may = page.getByRole('switch', { name: /create projects/i });
  await expect(may).toBeChecked();
  await may.click();
  await main.getByRole('button', { name: 'Save' }).click();
  const setting = async () => (await api.do<{ users_may_create_projects: boolean }>('GET', '/instance')).body.users_may_create_projects;
  await expect.poll(setting).toBe(false);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(setting).toBe(true);
  await expect(may).toBeChecked();

  // Somebody else saves while this page is open.
  for (const allowed of [false, true]) await api.change('/instance', { users_may_create_projects: allowed });
  await may.click();
  guard.expectFailure('somebody else saved meanwhile', 412, /\/instance/);
  await main.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'Somebody else changed this setting' })).toBeVisible();
  await main.getByRole('button', { name: 'Take theirs' }).click();
  await expect(may).toBeChecked();
});

test('a network is blocked for every host of the instance', async ({ owner, temps }) => {
  const { page, api } = owner;
  await api.createProject('shop');
  await api.deploy('shop', { 'index.html': 'Shop' });
  await page.goto('/instance/firewall');
  const main = page.getByRole('main');
  await main.getByLabel('Address or network').fill('127.0.0.6');
  await main.getByRole('button', { name: 'Block', exact: true }).click();
  await expect(page.getByText(/In force after .+ on every worker/).first()).toBeVisible();
  expect((await call(temps, temps.at('shop'), { from: '127.0.0.6' })).status).toBe(403);
});

test('who may reach the console is limited, but never by shutting oneself out unasked', async ({ owner, temps }) => {
  const { page } = owner;
  await page.goto('/instance/console');
  const main = page.getByRole('main');
  await main.getByLabel('Address or network').fill('127.0.0.1');
  await expect(main.getByText('This refuses you.')).toBeVisible();
  await expect(main.getByText('127.0.0.1').first()).toBeVisible();
  await main.getByLabel('Address or network').fill('127.0.0.6');
  await expect(main.getByText('This refuses you.')).toBeHidden();
  await main.getByRole('button', { name: 'Block', exact: true }).click();
  await expect(page.getByText(/In force after .+ on every worker/).first()).toBeVisible();
  expect((await call(temps, `${temps.url}/login`, { from: '127.0.0.6' })).status).toBe(403);
});
