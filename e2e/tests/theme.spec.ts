import { expect, test } from '../support/test.ts';

test('the theme follows the system until one is chosen, before anything is painted', async ({ owner }) => {
  const { page } = owner;
  const html = page.locator('html');
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto('/setup');
  await expect(html).toHaveAttribute('data-theme', 'dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await expect(html).toHaveAttribute('data-theme', 'light');

  await page.goto('/projects');
  const choose = async (name: string) => {
    await page.getByRole('button', { name: /your menu/ }).click();
    await page.getByRole('menuitem', { name }).or(page.getByRole('menuitemcheckbox', { name })).or(page.getByRole('menuitemradio', { name })).click();
  };
  await choose('Dark');
  await expect(html).toHaveAttribute('data-theme', 'dark');
  // The document has its theme before the body exists.
  await page.addInitScript(() => {
    new MutationObserver((_, observer) => {
      if (!document.body) return;
      observer.disconnect();
      (window as unknown as { atFirst?: string }).atFirst = document.documentElement.dataset.theme;
    }).observe(document, { childList: true, subtree: true });
  });
  await page.reload();
  expect(await page.evaluate(() => (window as unknown as { atFirst?: string }).atFirst)).toBe('dark');
  await choose('Follow the system');
  await expect(html).toHaveAttribute('data-theme', 'light');
});
