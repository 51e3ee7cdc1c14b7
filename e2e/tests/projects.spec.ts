import { Api } from '../support/api.ts';
import { expect, test } from '../support/test.ts';

test('a project is created from a name, and its card leads to it', async ({ owner, temps }) => {
  const { page, api } = owner;
  await page.goto('/projects');
  await expect(page.getByText('No project yet')).toBeVisible();
  await page.getByRole('main').getByRole('link', { name: 'New project' }).last().click();
  const dialog = page.getByRole('dialog', { name: 'New project' });
  await dialog.getByLabel('Name', { exact: true }).fill('Tea & Coffee 2');
  await expect(dialog.getByLabel('Short name')).toHaveValue('tea-coffee-2');
  await dialog.getByRole('button', { name: 'Create the project' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Tea & Coffee 2' })).toBeVisible();
  await expect(page).toHaveURL(`${temps.url}/projects/tea-coffee-2`);

  await api.deploy('tea-coffee-2', { 'index.html': '<h1>Tea</h1>' });
  await page.goto('/projects');
  const card = page.getByRole('article').filter({ hasText: 'Tea & Coffee 2' });
  await expect(card).toContainText('Live');
  await expect(card).toContainText('#1 to production');
  await expect(card.getByRole('link', { name: 'tea-coffee-2.localhost' })).toHaveAttribute('href', temps.at('tea-coffee-2'));
  await card.getByRole('link', { name: 'Tea & Coffee 2' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Tea & Coffee 2' })).toBeVisible();
});

test('a short name that cannot be is refused at its field', async ({ owner, guard }) => {
  const { page, api } = owner;
  await api.createProject('shop');
  await page.goto('/projects#new');
  const dialog = page.getByRole('dialog', { name: 'New project' });
  const slug = dialog.getByLabel('Short name');
  const create = dialog.getByRole('button', { name: 'Create the project' });
  await create.click();
  await expect(dialog.getByLabel('Name', { exact: true })).toHaveAccessibleDescription('Type a name.');
  await dialog.getByLabel('Name', { exact: true }).fill('Shop');
  for (const bad of ['S', 'a', '-shop', 'shop-', 'the shop', 'größe']) {
    await slug.fill(bad);
    await create.click();
    await expect(slug, bad).toHaveAccessibleDescription(/Two to 40 of a to z/);
  }
  await slug.fill('shop');
  guard.expectFailure('the name is taken', 409, /\/projects$/);
  await create.click();
  await expect(dialog).toContainText(/taken|exists/i);
  await expect(dialog.getByLabel('Name', { exact: true })).toHaveValue('Shop');
});

test('who is no member of a project is told so, and sees no way to create one where that is not allowed', async ({ owner, temps, guard, anotherBrowser }) => {
  const { api } = owner;
  await api.createProject('shop', 'The shop');
  const ina = { email: 'ina@example.com', name: 'Ina', password: 'a quiet afternoon by the lake' };
  const token = await api.invite(ina.email, ina.name);
  const hers = new Api(temps);
  await hers.do('POST', '/activation', { token, password: ina.password });
  const context = await anotherBrowser();
  await context.addCookies([hers.cookie]);
  const page = await context.newPage();

  guard.expectFailure('the project is not hers to see', 404, /\/projects\/shop$/);
  await page.goto('/projects/shop/firewall');
  await expect(page.getByText('There is no project with this name that you can see')).toBeVisible();
  await page.getByRole('main').getByRole('link', { name: 'All projects' }).click();
  await expect(page.getByText('No project yet')).toBeVisible();
  await expect(page.getByRole('navigation').getByText('Users')).toHaveCount(0);

  await api.changeSettings({ users_may_create_projects: false });
  await page.reload();
  await expect(page.getByText('You are a member of no project')).toBeVisible();
  await expect(page.getByRole('link', { name: 'New project' })).toHaveCount(0);
});
