import { expect, test } from '../support/test.ts';

test('a session that ended asks for the password in place and loses nothing that was typed', async ({ owner, guard, temps }) => {
  const { page, api, account } = owner;
  await page.goto('/projects#new');
  await page.getByLabel('Name', { exact: true }).fill('The shop');
  await expect(page.getByLabel('Short name')).toHaveValue('the-shop');

  await api.do('DELETE', '/session');
  guard.expectFailure('the session has ended', 401, /\/api\/v1\//);
  await page.getByRole('button', { name: 'Create the project' }).click();
  const question = page.getByRole('dialog', { name: 'Your session has ended' });
  await expect(question).toContainText(account.email);
  await question.getByLabel('Password', { exact: true }).fill('not my password at all');
  await question.getByRole('button', { name: 'Log in', exact: true }).click();
  await expect(question.getByRole('alert')).toContainText('E-mail or password is wrong');
  await question.getByLabel('Password', { exact: true }).fill(account.password);
  await question.getByRole('button', { name: 'Log in', exact: true }).click();

  // The call that failed is made again by itself.
  await expect(page.getByRole('heading', { level: 1, name: 'The shop' })).toBeVisible();
  await expect(page).toHaveURL(`${temps.url}/projects/the-shop`);
});
