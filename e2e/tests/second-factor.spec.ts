import { expectAccessible } from '../support/accessible.ts';
import { addAuthenticator, enrol, giveFirstFactor } from '../support/factors.ts';
import { expect, test } from '../support/test.ts';

const NOBODY = /\/api\/v1\/me$/;

test('an authenticator is added, and from then on the login asks for its code', async ({ owner, anotherBrowser, guard, temps }) => {
  const { page, account } = owner;
  await page.goto('/account/security');
  await page.getByRole('button', { name: 'Add an authenticator' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toHaveAccessibleName('Add an authenticator');
  await expectAccessible(page, 'adding an authenticator');
  const authenticator = await enrol(page);

  // The codes are kept before anything else.
  await expect(dialog).toHaveAccessibleName('Keep your recovery codes');
  await page.keyboard.press('Escape');
  await expectAccessible(page, 'the recovery codes');
  const download = page.waitForEvent('download');
  await dialog.getByRole('button', { name: 'Download' }).click();
  expect((await download).suggestedFilename()).toBe('temps-recovery-codes.txt');
  await dialog.getByRole('button', { name: 'I have kept them' }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByText('10 codes left.')).toBeVisible();

  guard.expectFailure('nobody is logged in', 401, NOBODY);
  const other = await (await anotherBrowser()).newPage();
  await other.goto('/account/security');
  await giveFirstFactor(other, account);
  const code = other.getByRole('textbox', { name: 'Code' });
  await expect(code).toBeFocused();
  await expectAccessible(other, 'the second step of the login');
  guard.expectFailure('the code is wrong', 401, /\/second-factor$/);
  await code.fill(await authenticator.wrong());
  await expect(other.getByRole('main').getByRole('alert')).toContainText('This code is wrong, was used, or is too old.');
  await code.fill(await authenticator.code());
  await expect(other).toHaveURL(`${temps.url}/account/security`);
  const logins = other.getByRole('table', { name: 'Latest logins and those that failed' });
  await expect(logins.getByRole('row').filter({ hasText: 'Authenticator' }).filter({ hasText: 'Failed' })).toHaveCount(1);
  await expect(logins.getByRole('row').filter({ hasText: 'Authenticator' }).filter({ hasText: 'Logged in' })).toHaveCount(1);
});

test('a recovery code logs in once, and the page warns when few are left', async ({ owner, anotherBrowser, guard }) => {
  const { page, api, account } = owner;
  const { codes } = await addAuthenticator(api);
  guard.expectFailure('nobody is logged in', 401, NOBODY);
  guard.expectFailure('the code was used', 401, /\/second-factor$/);
  const [used = '', ...left] = codes;
  for (const code of left.slice(0, 6)) await api.do('POST', '/session/step-up', { recovery_code: code });

  const other = await (await anotherBrowser()).newPage();
  await other.goto('/account/security');
  await giveFirstFactor(other, account);
  await other.getByRole('button', { name: 'Use a recovery code instead' }).click();
  await other.getByLabel('Recovery code').fill(left[0] ?? '');
  await other.getByRole('button', { name: 'Log in', exact: true }).click();
  await expect(other.getByRole('main').getByRole('alert')).toContainText('This code is wrong, was used, or is too old.');
  await other.getByLabel('Recovery code').fill(used.toUpperCase());
  await other.getByRole('button', { name: 'Log in', exact: true }).click();
  await expect(other.getByText('Only 3 recovery codes are left.')).toBeVisible();

  await other.getByRole('button', { name: 'Make new codes' }).click();
  await other.getByRole('alertdialog').getByRole('button', { name: 'Make new codes' }).click();
  await expect(other.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem')).toHaveCount(10);
  await other.getByRole('button', { name: 'I have kept them' }).click();
  await expect(other.getByText('10 codes left.')).toBeVisible();
  await page.close();
});

test('after many wrong passwords the browser works for the next login by itself', async ({ owner, temps, anotherBrowser, guard }) => {
  const { api, account } = owner;
  for (let attempt = 0; attempt < 6; attempt += 1) await api.try('POST', '/session', { email: account.email, password: `wrong ${attempt} wrong` });
  guard.expectFailure('nobody is logged in', 401, NOBODY);
  guard.expectFailure('the login has to be paid for', 429, /\/session$/);
  const page = await (await anotherBrowser()).newPage();
  await page.goto('/login');
  // The words may stand there for a moment only.
  await page.evaluate(() => {
    const look = () => document.body.textContent.includes('Checking your browser…') && (document.documentElement.dataset['checked'] = 'told');
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  await giveFirstFactor(page, account);
  await expect(page).toHaveURL(`${temps.url}/projects`);
  await expect(page.getByRole('heading', { level: 1, name: 'Projects' })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('data-checked', 'told');
});

test('who needs a second factor adds one before anything else, and goes on to where they wanted', async ({ owner, anotherBrowser, guard, temps }) => {
  const token = await owner.api.invite('ina@example.com', 'Ina', { second_factor_required: true });
  const page = await (await anotherBrowser()).newPage();
  await page.goto(`/activate#token=${token}`);
  await page.getByLabel('Password', { exact: true }).fill('a quiet afternoon by the lake');
  await page.getByRole('button', { name: 'Accept the invitation' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Add a second factor' })).toBeVisible();

  // No other page opens.
  await page.goto('/account/security');
  await expect(page).toHaveURL(`${temps.url}/enrol?next=%2Faccount%2Fsecurity`);
  guard.expectFailure('the code is wrong', 422, /\/confirm$/);
  await page.getByRole('textbox', { name: 'Code' }).fill('000000');
  await expect(page.getByRole('textbox', { name: 'Code' })).toHaveAttribute('aria-invalid', 'true');
  await enrol(page);
  await page.getByRole('button', { name: 'I have kept them' }).click();
  await expect(page).toHaveURL(`${temps.url}/account/security`);
  await expect(page.getByText('You are asked to have a second factor here.')).toBeVisible();

  await owner.page.goto('/instance/users');
  await expect(owner.page.getByRole('row').filter({ hasText: 'ina@example.com' })).toContainText('Authenticator');
});

test('a page that is open when the instance begins to demand a second factor leads there', async ({ owner, guard, temps }) => {
  const { page } = owner;
  await page.goto('/instance/settings');
  await page.getByRole('switch', { name: 'Administrators of this instance' }).click();
  await expect(page.getByText('Whoever must have a second factor and has none is led to add one with the next call.')).toBeVisible();
  await page.getByRole('main').getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Who needs a second factor is saved.')).toBeVisible();
  guard.expectFailure('a second factor is needed first', 403, /\/api\/v1\//);
  await page.getByRole('link', { name: 'Users', exact: true }).click();
  await expect(page).toHaveURL(`${temps.url}/enrol?next=%2Finstance%2Fusers`);
  await enrol(page);
  await page.getByRole('button', { name: 'I have kept them' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Users' })).toBeVisible();
});
