import type { Page } from '@playwright/test';
import { call } from '../support/http.ts';
import { HOSTILE } from '../support/hostile.ts';
import { expect, test } from '../support/test.ts';

/** The text stands on the page as it was typed, and nothing in it did anything. */
async function expectPlainText(page: Page, texts: readonly string[]): Promise<void> {
  for (const text of texts) await expect(page.getByText(text).first()).toBeAttached();
  expect(await page.title()).not.toContain('taken over');
  await expect(page.locator('iframe, [onerror], [onload], main a[href^="javascript"], math')).toHaveCount(0);
}

test('names of projects and users are text wherever they stand', async ({ owner }) => {
  const { page, api } = owner;
  const names = HOSTILE.filter((text) => text.length <= 80);
  for (const [index, name] of names.entries()) await api.createProject(`project-${index}`, name);
  await page.goto('/projects');
  await expect(page.getByRole('article')).toHaveCount(names.length);
  await expectPlainText(page, names);
  await page.keyboard.press('Control+K');
  await expect(page.getByRole('option').first()).toBeVisible();
  await expectPlainText(page, names);
  await page.keyboard.press('Escape');
  for (const [index, name] of names.entries()) {
    await page.goto(`/projects/project-${index}`);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(name);
    expect(await page.title()).toContain(name);
  }

  for (const [index, name] of names.entries()) await api.invite(`user-${index}@example.com`, name);
  await page.goto('/instance/users');
  await expect(page.getByRole('row').filter({ hasText: 'user-0@example.com' })).toBeVisible();
  await expectPlainText(page, names);
});

test('notes of rules, paths, user agents and what the audit log has of them are text', async ({ owner, temps }) => {
  const { page, api } = owner;
  await api.createProject('shop', 'The shop');
  await api.deploy('shop', { 'index.html': 'Shop' });
  for (const [index, note] of HOSTILE.entries()) {
    await api.addRule('shop', { action: 'block', network: `127.0.1.${index}`, note });
    await call(temps, `${temps.at('shop')}/${encodeURIComponent(note)}`, {
      from: `127.0.1.${index}`,
      headers: { 'user-agent': note, referer: note },
    });
  }
  await page.goto('/projects/shop/firewall');
  await expect(page.getByRole('row').filter({ hasText: '127.0.1.0' })).toBeVisible();
  await expectPlainText(page, HOSTILE);
  await page.goto('/projects/shop/requests');
  await expect(page.getByRole('row').filter({ hasText: '127.0.1.0' }).first()).toBeVisible();
  await expectPlainText(page, []);
  await page.goto('/projects/shop');
  await expect(page.getByRole('row').filter({ hasText: '127.0.1.' }).first()).toBeVisible();
  await expectPlainText(page, []);
  await page.goto('/projects/shop/audit');
  await expect(page.getByRole('row').filter({ hasText: 'project.firewall_rule.add' }).first()).toBeVisible();
  await expectPlainText(page, []);
});
