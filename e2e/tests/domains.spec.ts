import { call } from '../support/http.ts';
import { expect, test } from '../support/test.ts';

test('a host name is added, served, and removed', async ({ owner, temps, guard }) => {
  const { page, api } = owner;
  await api.createProject('shop');
  await api.deploy('shop', { 'index.html': 'Shop' });
  await page.goto('/projects/shop/domains');
  const main = page.getByRole('main');
  await expect(main.getByRole('row').filter({ hasText: 'shop.localhost' })).toBeVisible();

  await main.getByLabel('Host name', { exact: true }).fill('not a host');
  guard.expectFailure('that is no host name', 422, /\/domains$/);
  await main.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(main.getByLabel('Host name', { exact: true })).toHaveAttribute('aria-invalid', 'true');
  await expect(main.getByLabel('Host name', { exact: true })).toHaveValue('not a host');

  await main.getByLabel('Host name', { exact: true }).fill('www.example.com');
  await main.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(page.getByText(/In force after .+ on every worker/).first()).toBeVisible();
  const row = main.getByRole('row').filter({ hasText: 'www.example.com' });
  await expect(row).toContainText('production');
  const address = `https://www.example.com:${temps.httpsPort}/`;
  expect((await call(temps, address)).body).toBe('Shop');

  await row.getByRole('button', { name: 'Remove www.example.com' }).click();
  const question = page.getByRole('alertdialog', { name: 'Remove www.example.com?' });
  await question.getByRole('button', { name: 'Remove the host name' }).click();
  await expect(question.getByRole('textbox')).toHaveAccessibleDescription('Type www.example.com to confirm.');
  await question.getByRole('textbox').fill('www.example.com');
  await question.getByRole('button', { name: 'Remove the host name' }).click();
  await expect(row).toHaveCount(0);
  // Nothing is served under that name any more, not even a certificate.
  await expect(call(temps, address)).rejects.toThrow(/not in the cert's altnames/);

  await page.getByRole('button', { name: 'Undo' }).last().click();
  await expect(row).toBeVisible();
  await expect.poll(async () => (await call(temps, address)).body).toBe('Shop');
});
