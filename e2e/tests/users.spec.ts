import { expect, test } from '../support/test.ts';

test('an invitation is shown once and accepted in another browser', async ({ owner, anotherBrowser, guard }) => {
  const { page } = owner;
  await page.goto('/instance/users');
  await page.getByRole('link', { name: 'Invite a user' }).click();
  const dialog = page.getByRole('dialog', { name: 'Invite a user' });
  const [address, name] = [dialog.getByLabel('E-mail address'), dialog.getByLabel('Name')];
  await name.fill('Ina');
  await address.fill('no address');
  guard.expectFailure('that is no address', 422, /\/users$/);
  await dialog.getByRole('button', { name: 'Invite' }).click();
  await expect(address).toHaveAttribute('aria-invalid', 'true');
  await expect(name).toHaveValue('Ina');
  await address.fill('ina@example.com');
  await dialog.getByRole('button', { name: 'Invite' }).click();
  const made = page.getByRole('dialog', { name: 'The invitation is made' });
  const link = await made.getByLabel('One-time link for ina@example.com').inputValue();
  await made.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('row').filter({ hasText: 'ina@example.com' })).toContainText('Invited');

  const hers = await (await anotherBrowser()).newPage();
  await hers.goto(link);
  await expect(hers).toHaveURL(/\/activate$/);
  await hers.getByLabel('Password', { exact: true }).fill('a quiet afternoon by the lake');
  await hers.getByRole('button', { name: 'Accept the invitation' }).click();
  await expect(hers.getByRole('heading', { level: 1, name: 'Projects' })).toBeVisible();
  await expect(hers.getByRole('button', { name: /Ina.*your menu/ })).toBeVisible();

  await page.reload();
  await expect(page.getByRole('row').filter({ hasText: 'ina@example.com' })).toContainText('Active');
  expect(await page.content()).not.toContain('#token=');

  // The link works once.
  const second = await (await anotherBrowser()).newPage();
  await second.goto(link);
  await second.getByLabel('Password', { exact: true }).fill('a quiet afternoon by the lake');
  guard.expectFailure('the invitation was used', 403, /\/activation$/);
  await second.getByRole('button', { name: 'Accept the invitation' }).click();
  await expect(second.getByRole('main').getByRole('alert')).toBeVisible();
});

test('the account page says who is logged in, since when and from where', async ({ owner }) => {
  const { page, account } = owner;
  await page.goto('/account');
  const main = page.getByRole('main');
  await expect(main).toContainText(account.email);
  await expect(main).toContainText(account.name);
  await expect(main).toContainText('127.0.0.1');
  await main.getByText('Dark', { exact: true }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});

test('members of a project and what each may do are listed', async ({ owner }) => {
  const { page, api, account } = owner;
  await api.createProject('shop');
  await page.goto('/projects/shop/members');
  await expect(page.getByRole('row').filter({ hasText: account.email })).toContainText('Owner');
});
