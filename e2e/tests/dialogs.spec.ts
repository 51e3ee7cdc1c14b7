import type { Page } from '@playwright/test';
import { expectAccessible } from '../support/accessible.ts';
import { call, requestId } from '../support/http.ts';
import { furnish } from '../support/furnished.ts';
import { SLUG } from '../support/pages.ts';
import { expect, test } from '../support/test.ts';

interface Opened {
  what: string;
  path: string;
  open: (page: Page) => Promise<void>;
}

const project = (path: string) => `/projects/${SLUG}${path}`;
const click = (name: string | RegExp) => (page: Page) => page.getByRole('button', { name }).first().click();

/** What opens over a page, or changes it, when somebody does something. */
const OPENED: readonly Opened[] = [
  { what: 'the user menu', path: '/projects', open: click(/your menu/) },
  { what: 'the project switcher', path: project(''), open: click(/^Project:/) },
  { what: 'a new project', path: '/projects', open: (page) => page.getByRole('link', { name: 'New project' }).first().click() },
  { what: 'the numbers of the chart', path: project(''), open: (page) => page.getByText('Numbers as a table').click() },
  { what: 'another deployment to look at', path: project('/deployments'), open: click(/^Roll back/) },
  { what: 'a rule being edited', path: project('/firewall'), open: click(/^Edit/) },
  { what: 'a rule being removed', path: project('/firewall'), open: click(/^Remove/) },
  {
    what: 'a preview that refuses oneself',
    path: project('/firewall?block=127.0.0.1'),
    open: (page) => expect(page.getByText('This refuses you.')).toBeVisible(),
  },
  { what: 'several networks at once', path: project('/firewall'), open: (page) => page.getByText('Several at once').click() },
  { what: 'a domain being removed', path: project('/domains'), open: click('Remove www.example.com') },
  { what: 'how to point a domain here', path: project('/domains'), open: click('How to point www.example.com here') },
  { what: 'what a member may do', path: project('/members'), open: click(/^\d+ permissions/) },
  { what: 'a new environment', path: project('/settings'), open: click('New environment') },
  { what: 'an environment being deleted', path: project('/settings'), open: click('Delete staging') },
  { what: 'a project being deleted', path: project('/settings'), open: click(`Delete ${SLUG}`) },
  { what: 'an audit record', path: project('/audit'), open: click('Add a domain') },
  { what: 'an invitation', path: '/instance/users#invite', open: (page) => expect(page.getByRole('dialog')).toBeVisible() },
  {
    what: 'the link of an invitation',
    path: '/instance/users#invite',
    open: async (page) => {
      await page.getByRole('dialog').getByLabel('E-mail address').fill('paula@example.com');
      await page.getByRole('dialog').getByRole('button', { name: 'Invite' }).click();
      await expect(page.getByRole('dialog', { name: 'The invitation is made' })).toBeVisible();
    },
  },
];

for (const { what, path, open } of OPENED) {
  test(`${what}: no violation of WCAG 2.2 AA`, async ({ owner, temps }) => {
    const { page, api } = owner;
    await furnish(api, temps);
    await page.goto(path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await open(page);
    await lookedAt(page, what);
  });
}

test('an open request: no violation of WCAG 2.2 AA', async ({ owner, temps }) => {
  const { page, api } = owner;
  await furnish(api, temps);
  const id = requestId(await call(temps, temps.at(SLUG), { from: '127.0.0.9' }));
  await page.goto(project(`/requests?id=${id}`));
  await expect(page.getByRole('dialog')).toContainText('noisy');
  await lookedAt(page, 'an open request');
});

test('the question for the password: no violation of WCAG 2.2 AA', async ({ owner, temps, guard }) => {
  const { page, api } = owner;
  await furnish(api, temps);
  await page.goto(project('/firewall'));
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  guard.expectFailure('the session has ended', 401, /\/api\/v1\//);
  await api.do('DELETE', '/session');
  await page.getByLabel('Address or network').fill('203.0.113.7');
  await expect(page.getByRole('dialog', { name: 'Your session has ended' })).toBeVisible();
  await lookedAt(page, 'the question for the password');
});

/** In both themes, and still within 360 px. */
async function lookedAt(page: Page, what: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await expect(page.locator('html')).toHaveAttribute('data-theme', colorScheme);
    await expectAccessible(page, `${what}, ${colorScheme}`);
  }
  await page.setViewportSize({ width: 360, height: 740 });
  const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth);
  await expect.poll(fits, { message: `${what} fits into 360 px` }).toBe(true);
}
