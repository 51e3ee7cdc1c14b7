import { expectAccessible } from '../support/accessible.ts';
import { Api } from '../support/api.ts';
import { addAuthenticator } from '../support/factors.ts';
import { expect, test } from '../support/test.ts';

test.describe('with a login of ten minutes ago', () => {
  test.use({ behindBy: 600 });

  test('the password is asked for over what is open, and the call goes on by itself', async ({ owner, clock, guard }) => {
    const { page, account } = owner;
    await page.goto('/account/security');
    await expect(page.getByRole('button', { name: 'Add an authenticator' })).toBeVisible();
    clock.behindBy(0);
    guard.expectFailure('a proof is needed, and the first one is wrong', 403, /\/(totp|step-up)$/);
    await page.getByRole('button', { name: 'Add an authenticator' }).click();
    const question = page.getByRole('dialog', { name: 'Is it you?' });
    await expect(question.getByLabel('Password', { exact: true })).toBeFocused();
    await expectAccessible(page, 'the question for a proof');
    await question.getByLabel('Password', { exact: true }).fill('not my password at all');
    await question.getByRole('button', { name: 'Go on' }).click();
    await expect(question.getByRole('alert')).toContainText('That was not right');
    await question.getByLabel('Password', { exact: true }).fill(account.password);
    await question.getByRole('button', { name: 'Go on' }).click();
    await expect(question).toBeHidden();
    await expect(page.getByRole('dialog', { name: 'Add an authenticator' }).getByRole('img', { name: 'The key as a picture to scan' })).toBeVisible();
  });

  test('nothing is done when it is cancelled', async ({ owner, clock, guard }) => {
    const { page } = owner;
    await page.goto('/account/security');
    const password = page.getByLabel('New password', { exact: true });
    await password.fill('violet harbour kettle ninety');
    clock.behindBy(0);
    guard.expectFailure('a proof is needed', 403, /\/password$/);
    await page.getByRole('button', { name: 'Change the password' }).click();
    const question = page.getByRole('dialog', { name: 'Is it you?' });
    await question.getByRole('button', { name: 'Cancel' }).click();
    await expect(question).toBeHidden();
    await expect(page.getByRole('main').getByRole('alert')).toContainText('Do it again and give the proof when you are asked.');
    await expect(password).toHaveValue('violet harbour kettle ninety');
  });
});

test('an authenticator added elsewhere ends this login, and the next one with a code is proof enough to remove it', async ({ owner, temps, guard }) => {
  const { page, account } = owner;
  const elsewhere = new Api(temps);
  await elsewhere.logIn(account);
  const { authenticator } = await addAuthenticator(elsewhere);
  guard.expectFailure('the session has ended', 401, /\/api\/v1\/me$/);
  await page.goto('/account/security');
  await page.getByLabel('E-mail address').fill(account.email);
  await page.getByLabel('Password', { exact: true }).fill(account.password);
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await page.getByRole('textbox', { name: 'Code' }).fill(await authenticator.code());
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Remove it' }).click();
  await expect(page.getByText('Your authenticator is removed.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Add an authenticator' })).toBeVisible();
});

test('a session that is used in two places has to be proved before anything else', async ({ owner, temps, guard }) => {
  const { page, api, account } = owner;
  await page.goto('/account');
  await expect(page.getByRole('main')).toContainText(account.email);
  const thief = new Api(temps, { from: '127.44.0.9', headers: { 'user-agent': 'elsewhere' } });
  thief.continue(api.cookie.value);
  await thief.try('GET', '/me');
  guard.expectFailure('a proof is needed', 403, /\/api\/v1\//);
  await page.goto('/account');
  const question = page.getByRole('dialog', { name: 'Is it you?' });
  await expect(question).toContainText('This login was used in two places at once.');
  await page.keyboard.press('Escape');
  await expect(question).toBeVisible();
  await question.getByLabel('Password', { exact: true }).fill(account.password);
  await question.getByRole('button', { name: 'Go on' }).click();
  await expect(question).toBeHidden();
  await page.getByRole('link', { name: 'Projects', exact: true }).first().click();
  await expect(page.getByRole('heading', { level: 1, name: 'Projects' })).toBeVisible();
});
