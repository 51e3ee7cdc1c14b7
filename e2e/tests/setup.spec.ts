import { OWNER, expect, test } from '../support/test.ts';

const NOBODY = /\/api\/v1\/me$/;

test('the setup link makes its visitor the owner, once', async ({ page, temps, guard, anotherBrowser }) => {
  await page.goto(await temps.setupLink());
  await expect(page.getByRole('heading', { name: 'Set up Temps' })).toBeVisible();
  // Neither the address bar nor the history keeps the token.
  await expect(page).toHaveURL(/\/setup$/);

  await page.getByLabel('Name').fill(OWNER.name);
  await page.getByLabel('E-mail address').fill(OWNER.email);
  await page.getByLabel('Password', { exact: true }).fill(OWNER.password);
  await page.getByRole('button', { name: 'Become the owner' }).click();
  await expect(page).toHaveURL(/\/projects$/);
  await expect(page.getByText('No project yet')).toBeVisible();
  await page.goBack();
  expect(page.url()).not.toContain('token');

  const second = await (await anotherBrowser()).newPage();
  guard.expectFailure('nobody is logged in in the second browser', 401, NOBODY);
  await second.goto('/setup#token=aaaa');
  await expect(second.getByRole('heading', { name: 'Temps is set up already' })).toBeVisible();
  await second.getByRole('link', { name: 'Log in' }).click();
  await expect(second.getByRole('heading', { name: 'Log in' })).toBeVisible();
});

test('what setup refuses is said at the field and keeps what was typed', async ({ page, temps, guard }) => {
  await page.goto('/setup');
  const [token, name, email] = [page.getByLabel('Setup token'), page.getByLabel('Name'), page.getByLabel('E-mail address')];
  const password = page.getByLabel('Password', { exact: true });
  const submit = page.getByRole('button', { name: 'Become the owner' });

  await submit.click();
  await expect(token).toHaveAccessibleDescription(/Paste the setup token/);
  await expect(token).toBeFocused();
  await expect(password).toHaveAccessibleDescription(/Choose a password\./);

  await token.fill(`${temps.url}/setup#token=${await temps.setupToken()}`);
  await name.fill(OWNER.name);
  await email.fill('no address');
  await password.fill('short');
  await expect(page.getByText('7 more characters needed')).toBeVisible();
  // What the browser can tell is told without asking the server.
  await submit.click();
  await expect(password).toHaveAttribute('aria-invalid', 'true');
  await expect(password).toHaveAccessibleDescription(/7 more characters needed/);
  await expect(password).toHaveValue('short');

  await password.fill('password1234');
  guard.expectFailure('address and password are refused', 422, /\/setup$/);
  await submit.click();
  await expect(email).toHaveAttribute('aria-invalid', 'true');
  await expect(email).toHaveAccessibleDescription(/e-mail address/i);
  await expect(name).toHaveValue(OWNER.name);
  await email.fill(OWNER.email);
  await submit.click();
  await expect(password).toHaveAccessibleDescription(/easy to guess/);

  await password.fill(OWNER.password);
  await submit.click();
  await expect(page.getByRole('heading', { name: 'Projects' })).toBeVisible();
});

test('a wrong setup token can be replaced by the right one', async ({ page, temps, guard }) => {
  await page.goto('/setup#token=wrong');
  await page.getByLabel('Name').fill(OWNER.name);
  await page.getByLabel('E-mail address').fill(OWNER.email);
  await page.getByLabel('Password', { exact: true }).fill(OWNER.password);
  guard.expectFailure('the token is wrong', 403, /\/setup$/);
  const submit = page.getByRole('button', { name: 'Become the owner' });
  await submit.click();
  await expect(page.getByRole('main').getByRole('alert')).toContainText(/token/i);
  await page.getByLabel('Setup token').fill(await temps.setupToken());
  await submit.click();
  await expect(page.getByRole('heading', { name: 'Projects' })).toBeVisible();
});

test('whoever comes before anybody is set up is led to the setup', async ({ page, guard }) => {
  guard.expectFailure('nobody is logged in', 401, NOBODY);
  for (const path of ['/', '/login', '/projects']) {
    await page.goto(path);
    await expect(page.getByRole('heading', { name: 'Set up Temps' })).toBeVisible();
    await expect(page.getByLabel('Setup token')).toBeVisible();
  }
});
