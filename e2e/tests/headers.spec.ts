import { expect, test } from '../support/test.ts';
import { call } from '../support/http.ts';

test('another preset is saved, and beside it stands what the site sends now', async ({ owner, temps }) => {
  const { page, api } = owner;
  await api.createProject('shop');
  await api.deploy('shop', { 'index.html': '<h1>Shop</h1>' });
  const before = (await call(temps, temps.at('shop'))).headers;
  await page.goto('/projects/shop/headers');
  const main = page.getByRole('main');
  await expect(main.getByText('x-content-type-options').first()).toBeVisible();
  await main.getByRole('radio', { name: /^Strict/ }).check();
  await main.getByRole('button', { name: 'Save the headers' }).click();
  await expect(page.getByText(/In force after .+ on every worker/).first()).toBeVisible();

  const after = (await call(temps, temps.at('shop'))).headers;
  const changed = Object.keys(after).find((name) => name !== 'date' && name !== 'temps-request-id' && after[name] !== before[name]);
  expect(changed, 'the strict preset changes a header').toBeDefined();
  await expect(main).toContainText(String(after[changed ?? '']));
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(async () => (await call(temps, temps.at('shop'))).headers[changed ?? '']).toBe(before[changed ?? '']);
});
