import { call } from '../support/http.ts';
import { expect, test } from '../support/test.ts';

test('the instance settings are changed, undone, and a change meanwhile is shown', async ({ owner, guard }) => {
  const { page, api } = owner;
  await page.goto('/instance/settings');
  const main = page.getByRole('main');
  const may = page.getByRole('switch', { name: /create projects/i });
  await expect(may).toBeChecked();
  await may.click();
  await expect(main.getByText('Only administrators may create projects; existing projects stay as they are.')).toBeVisible();
  await main.getByRole('button', { name: 'Save' }).click();
  const setting = async () => (await api.do<{ users_may_create_projects: boolean }>('GET', '/instance')).body.users_may_create_projects;
  await expect.poll(setting).toBe(false);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(setting).toBe(true);
  await expect(may).toBeChecked();

  // Somebody else saves while this page is open: the same numbers, and a setting of another card, which stays.
  const sessions = { administrator_idle_minutes: 30, absolute_hours: 12, remember_days: 14 };
  await api.changeSettings({ sessions: { ...sessions, idle_minutes: 60 }, passwords: { min_characters: 14 } });
  const idle = page.getByLabel(/Idle limit of all others/);
  guard.expectFailure('somebody else saved meanwhile', 412, /\/instance/);
  await idle.fill('90');
  await main.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'Somebody else changed these limits' })).toBeVisible();
  await main.getByRole('button', { name: 'Save mine over it' }).click();
  await expect(page.getByText('The limits of sessions are saved.')).toBeVisible();
  const now = (await api.do('GET', '/instance')).body;
  expect(now).toMatchObject({ sessions: { ...sessions, idle_minutes: 90 }, passwords: { min_characters: 14 }, users_may_create_projects: true });
});

test('a change of another setting by somebody else is no conflict and is kept', async ({ owner, guard }) => {
  const { page, api } = owner;
  await page.goto('/instance/settings');
  const main = page.getByRole('main');
  const length = page.getByLabel(/Shortest password/);
  await expect(length).toHaveValue('12');
  await api.changeSettings({ users_may_create_projects: false });
  guard.expectFailure('somebody else saved meanwhile', 412, /\/instance/);
  await length.fill('65');
  await main.getByRole('button', { name: 'Save' }).click();
  await expect(length).toHaveAccessibleDescription(/A whole number from 8 to 64/);
  await length.fill('16');
  await main.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('New passwords need 16 characters now.')).toBeVisible();
  expect((await api.do('GET', '/instance')).body).toMatchObject({ users_may_create_projects: false, passwords: { min_characters: 16 } });
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
