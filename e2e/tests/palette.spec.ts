import { expectAccessible } from '../support/accessible.ts';
import { call, requestId } from '../support/http.ts';
import { expect, test } from '../support/test.ts';

test('Ctrl-K leads to every page, project and action', async ({ owner, temps }) => {
  const { page, api } = owner;
  await api.createProject('shop', 'The shop');
  await api.createProject('blog', 'The blog');
  await page.goto('/projects/shop');
  await expect(page.getByRole('heading', { level: 1, name: 'The shop' })).toBeVisible();
  const palette = page.getByRole('dialog', { name: 'Search or run a command' });
  const open = async (typed: string, chosen: string) => {
    await page.keyboard.press('Control+K');
    await palette.getByRole('combobox').fill(typed);
    await expect(palette.getByRole('option').first()).toContainText(chosen);
    await page.keyboard.press('Enter');
    await expect(palette).toBeHidden();
  };

  for (const [typed, label, path] of [
    ['shop domains', 'Domains', '/projects/shop/domains'],
    ['the blog', 'The blog', '/projects/blog'],
    ['the shop', 'The shop', '/projects/shop'],
    ['headers', 'Headers', '/projects/shop/headers'],
    ['block an', 'Block an address', '/projects/shop/firewall#block'],
    ['instance: users', 'Instance: Users', '/instance/users'],
    ['your account', 'Your account', '/account'],
    ['new project', 'New project', '/projects#new'],
  ] as const) {
    await open(typed, label);
    await expect(page).toHaveURL(`${temps.url}${path}`);
  }
});

test('a pasted request id is looked up, and nonsense is answered in words', async ({ owner, temps }) => {
  const { page, api } = owner;
  await api.createProject('shop', 'The shop');
  const id = requestId(await call(temps, `${temps.at('shop')}/nothing-here`, { from: '127.0.0.2' }));
  await page.goto('/projects');
  await page.getByRole('button', { name: 'Search or run a command' }).click();
  const palette = page.getByRole('dialog', { name: 'Search or run a command' });
  await palette.getByRole('combobox').fill('qqqqqq');
  await expect(palette).toContainText('Nothing is called that.');
  await palette.getByRole('combobox').fill(id);
  await palette.getByRole('option', { name: `Look up request ${id} in shop` }).click();
  await expect(page.getByText('/nothing-here').first()).toBeVisible();
});

test('the palette has no violation of WCAG 2.2 AA', async ({ owner }) => {
  const { page } = owner;
  await page.goto('/projects');
  await expect(page.getByRole('heading', { level: 1, name: 'Projects' })).toBeVisible();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.keyboard.press('Control+K');
    await expect(page.getByRole('option').first()).toBeVisible();
    await expectAccessible(page, `palette, ${colorScheme}`);
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toHaveCount(0);
  }
});
