import { type Page, expect } from '@playwright/test';
import type { Account, Api } from './api.ts';
import { Authenticator } from './authenticator.ts';

/** Adds an authenticator by the API, and gives it back with the recovery codes. */
export async function addAuthenticator(api: Api): Promise<{ authenticator: Authenticator; codes: string[] }> {
  const { body: key } = await api.do<{ secret: string }>('POST', '/me/totp');
  const authenticator = new Authenticator(key.secret);
  const { body } = await api.do<{ recovery_codes: string[] }>('POST', '/me/totp/confirm', { code: await authenticator.code() });
  return { authenticator, codes: body.recovery_codes };
}

/** Gives the first factor on the login page. */
export async function giveFirstFactor(page: Page, { email, password }: Account): Promise<void> {
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
}

/** Types the key that the page shows into an authenticator, and a code of it into the page. */
export async function enrol(page: Page): Promise<Authenticator> {
  const key = page.locator('code').filter({ hasText: /^([A-Z2-7]{4} ?)+[A-Z2-7]*$/ });
  await expect(page.getByRole('img', { name: 'The key as a picture to scan' })).toBeVisible();
  const authenticator = new Authenticator(await key.innerText());
  // Six digits send themselves.
  await page.getByRole('textbox', { name: 'Code' }).fill(await authenticator.code());
  await expect(page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem')).toHaveCount(10);
  return authenticator;
}
