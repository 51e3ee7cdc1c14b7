import { readFile } from 'node:fs/promises';
import { expect, test } from '../support/test.ts';

test('the audit log is filtered, read in detail, and exported', async ({ owner, temps }) => {
  const { page, api, account } = owner;
  await api.createProject('shop');
  await api.addRule('shop', { action: 'block', network: '203.0.113.0/24', note: 'stuffing' });
  await api.try('POST', '/session', { email: 'nobody@example.com', password: 'wrong wrong wrong' });
  await page.goto('/instance/audit');
  const main = page.getByRole('main');
  const rows = main.getByRole('row');
  await expect(rows.filter({ hasText: 'project.firewall_rule.add' })).toContainText(account.email);
  await expect(rows.filter({ hasText: 'project.create' })).toHaveCount(1);

  await main.getByLabel('What').selectOption('project.firewall_rule.add');
  await expect(rows.filter({ hasText: 'project.create' })).toHaveCount(0);
  await expect(page).toHaveURL(/action=project\.firewall_rule\.add/);
  await rows.getByRole('button', { name: 'Add rules to a project' }).click();
  const details = page.getByRole('dialog', { name: 'Add rules to a project' });
  for (const told of ['203.0.113.0/24', 'block', account.email, '127.0.0.1']) await expect(details).toContainText(told);
  await page.keyboard.press('Escape');

  await page.goto('/instance/audit?result=failed');
  await expect(rows.filter({ hasText: 'session.start' }).first()).toBeVisible();
  await expect(rows.filter({ hasText: 'project.create' })).toHaveCount(0);

  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Export as JSON lines' }).click();
  const file = await (await download).path();
  for (const line of (await readFile(file, 'utf8')).trimEnd().split('\n')) JSON.parse(line);
  expect(await temps.run('audit', 'verify', file)).toMatch(/\d+ records/);
});

test('a project shows its own part of the audit log', async ({ owner }) => {
  const { page, api } = owner;
  await api.createProject('shop');
  await api.createProject('blog');
  await page.goto('/projects/shop/audit');
  const rows = page.getByRole('main').getByRole('row');
  await expect(rows.filter({ hasText: 'project.create' })).toHaveCount(1);
});
