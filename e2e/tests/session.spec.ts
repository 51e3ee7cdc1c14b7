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

test('the question stands over an open dialog, and what was typed there is saved after the login', async ({ owner, guard }) => {
  const { page, api, account } = owner;
  await api.createProject('shop');
  await page.goto('/projects/shop/settings');
  await page.getByRole('button', { name: 'New environment' }).click();
  const form = page.getByRole('dialog', { name: 'New environment' });
  await form.getByLabel('Short name').fill('staging');

  await api.do('DELETE', '/session');
  guard.expectFailure('the session has ended', 401, /\/api\/v1\//);
  // The stream of the page may have noticed first, and then the question is there already.
  await form.getByRole('button', { name: 'Create the environment' }).dispatchEvent('click');
  const question = page.getByRole('dialog', { name: 'Your session has ended' });
  const password = question.getByLabel('Password', { exact: true });
  await expect(password).toBeFocused();

  // Neither the keyboard nor the pointer leaves it, and nothing but an answer closes it.
  for (let stop = 0; stop < 6; stop += 1) {
    await page.keyboard.press('Tab');
    await expect(question.locator(':focus')).toHaveCount(1);
  }
  await page.keyboard.press('Escape');
  await page.mouse.click(5, 5);
  await expect(question).toBeVisible();
  await expect(form.getByLabel('Short name')).toHaveValue('staging');

  await password.click();
  await page.keyboard.type(account.password);
  await question.getByRole('button', { name: 'Log in', exact: true }).click();
  await expect(question).toBeHidden();
  await expect(page.getByText('The environment staging is there.')).toBeVisible();
  await expect(form).toBeHidden();
  await expect(page.getByRole('button', { name: 'Delete staging' })).toBeVisible();
});
