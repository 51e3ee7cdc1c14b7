import type { Page } from '@playwright/test';
import { call } from '../support/http.ts';
import type { Program } from '../support/program.ts';
import { expect, test } from '../support/test.ts';

/** Somebody else's address. */
const OTHER = '127.0.0.2';
const IN_FORCE = /In force after [\d.,]+ (ms|µs|s) on every worker/;

const path = '/projects/shop/firewall';
const network = (page: Page) => page.getByLabel('Address or network');
const block = (page: Page) => page.getByRole('main').getByRole('button', { name: 'Block', exact: true });

async function visits(temps: Program, times: number, from: string): Promise<number[]> {
  const statuses: number[] = [];
  for (let n = 0; n < times; n += 1) statuses.push((await call(temps, `${temps.at('shop')}/?${n}`, { from })).status);
  return statuses;
}

test.beforeEach(async ({ owner }) => {
  await owner.api.createProject('shop', 'The shop');
  await owner.api.deploy('shop', { 'index.html': '<!doctype html><title>Shop</title><link rel="icon" href="data:,"><h1>Shop</h1>' });
});

test('a block is previewed, in force at once for a second browser, and taken back by Undo', async ({ owner, temps, guard, anotherBrowser }) => {
  const { page } = owner;
  await visits(temps, 7, OTHER);
  await visits(temps, 2, '127.0.0.3');
  const theirs = await (await anotherBrowser(OTHER)).newPage();
  await theirs.goto(temps.at('shop'));
  await expect(theirs.getByRole('heading', { name: 'Shop' })).toBeVisible();

  await page.goto(path);
  await network(page).fill(OTHER);
  await page.getByLabel('Note').first().fill('stuffing');
  const preview = page.getByRole('status').filter({ hasText: 'Would have' });
  await expect(preview).toContainText(/Would have refused 8 of the 10 requests (since \d\d:\d\d|in the last hour) from 1 address, none of them yours \(127\.0\.0\.1\)/);
  await block(page).click();
  const toast = page.getByRole('status').filter({ hasText: IN_FORCE }).first();
  await expect(toast).toBeVisible();
  await expect(page.getByRole('row').filter({ hasText: OTHER })).toContainText('stuffing');

  guard.expectFailure('the second browser is refused', 403, /shop\.localhost/);
  const refused = await theirs.goto(temps.at('shop'));
  expect(refused?.status()).toBe(403);
  await expect(theirs.getByText('This request was refused')).toBeVisible();
  // The owner is not.
  expect(await visits(temps, 1, '127.0.0.1')).toEqual([200]);

  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByRole('row').filter({ hasText: OTHER })).toHaveCount(0);
  await theirs.goto(temps.at('shop'));
  await expect(theirs.getByRole('heading', { name: 'Shop' })).toBeVisible();
});

test('a rule is removed after it was said who would be let in again, and Undo brings it back', async ({ owner, temps }) => {
  const { page, api } = owner;
  await api.addRule('shop', { action: 'block', network: OTHER, note: 'stuffing' });
  expect(await visits(temps, 3, OTHER)).toEqual([403, 403, 403]);
  await page.goto(path);
  const row = page.getByRole('row').filter({ hasText: OTHER });
  await row.getByRole('button', { name: /^Remove/ }).click();
  const question = page.getByRole('alertdialog');
  await expect(question).toContainText('let in 3 of the 3 requests');
  await question.getByRole('button', { name: 'Remove the rule' }).click();
  await expect(row).toHaveCount(0);
  expect(await visits(temps, 1, OTHER)).toEqual([200]);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(row).toContainText('stuffing');
  expect(await visits(temps, 1, OTHER)).toEqual([403]);
});

test('who would block themselves is named and has to insist', async ({ owner, temps, guard }) => {
  const { page } = owner;
  await page.goto(`${path}?block=127.0.0.1`);
  await expect(network(page)).toHaveValue('127.0.0.1');
  await expect(page.getByRole('status').filter({ hasText: 'This refuses you.' })).toContainText('127.0.0.1 – you – would be refused');
  const insist = page.getByRole('checkbox', { name: /block me/i });
  await expect(insist).not.toBeChecked();
  await block(page).click();
  await expect(page.getByText('Nothing was saved.')).toBeVisible();
  expect(await visits(temps, 1, '127.0.0.1'), 'without the tick nothing is saved').toEqual([200]);
  await insist.check();
  await block(page).click();
  await expect(page.getByText(IN_FORCE).first()).toBeVisible();

  guard.expectFailure('the owner is refused at the own site', 403, /shop\.localhost/);
  const site = await page.context().newPage();
  expect((await site.goto(temps.at('shop')))?.status()).toBe(403);
  // The console has a firewall of its own.
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(() => visits(temps, 1, '127.0.0.1')).toEqual([200]);
});

test('what is no network is refused at the field and stays there', async ({ owner, guard }) => {
  const { page } = owner;
  await page.goto(path);
  guard.expectFailure('that is no network', 422, /\/rules/);
  await network(page).fill('300.1.2.3/99');
  await block(page).click();
  await expect(network(page)).toHaveAttribute('aria-invalid', 'true');
  await expect(network(page)).toHaveAccessibleDescription(/address|network/i);
  await expect(network(page)).toHaveValue('300.1.2.3/99');
});

test('several networks are added at once, and the line that is wrong is named', async ({ owner, guard }) => {
  const { page, api } = owner;
  await page.goto(path);
  await page.getByText('Several at once').click();
  const lines = page.getByLabel('Addresses and networks');
  guard.expectFailure('a line is wrong', 422, /\/rules/);
  await lines.fill('203.0.113.0/24\n198.51.100.7 # guessing\nnonsense\n2001:db8::/32');
  await expect(page.getByRole('list', { name: 'Lines that cannot be saved' })).toContainText('Line 3 nonsense');
  await page.getByRole('button', { name: 'Block', exact: true }).click();
  expect(await api.rules('shop')).toEqual([]);
  await lines.fill('203.0.113.0/24\n198.51.100.7 # guessing\n2001:db8::/32');
  await page.getByRole('button', { name: 'Block 3 networks' }).click();
  await expect(page.getByText(IN_FORCE).first()).toBeVisible();
  expect((await api.rules('shop')).map(({ network }) => network).sort()).toEqual(['198.51.100.7/32', '2001:db8::/32', '203.0.113.0/24']);
});

test('allow-list mode with an empty list has to be confirmed by typing', async ({ owner, temps }) => {
  const { page } = owner;
  await page.goto(path);
  const main = page.getByRole('main');
  await main.getByRole('radio', { name: /allow list/i }).check();
  await expect(page.getByText('This refuses everybody.')).toBeVisible();
  await main.getByRole('button', { name: 'Save the settings' }).click();
  const question = page.getByRole('alertdialog', { name: 'Refuse everybody?' });
  await question.getByRole('button', { name: 'Refuse everybody' }).click();
  await expect(question.getByRole('textbox')).toHaveAccessibleDescription('Type deny all to confirm.');
  expect(await visits(temps, 1, OTHER)).toEqual([200]);
  await question.getByRole('textbox').fill('deny all');
  await question.getByRole('button', { name: 'Refuse everybody' }).click();
  await expect(page.getByText(IN_FORCE).first()).toBeVisible();
  expect(await visits(temps, 1, OTHER)).toEqual([403]);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(() => visits(temps, 1, OTHER)).toEqual([200]);
});

test('a rate limit is previewed with the traffic that there was, and then holds', async ({ owner, temps }) => {
  const { page } = owner;
  await visits(temps, 30, OTHER);
  await page.goto(path);
  const main = page.getByRole('main');
  await main.getByRole('switch', { name: 'Own rate limit' }).check();
  await main.getByLabel('Requests per second').fill('1');
  await main.getByRole('textbox', { name: 'At once' }).fill('5');
  await expect(page.getByRole('status').filter({ hasText: 'Would have limited' })).toContainText(OTHER);
  await main.getByRole('button', { name: 'Save the settings' }).click();
  await expect(page.getByText(IN_FORCE).first()).toBeVisible();
  const statuses = await visits(temps, 12, OTHER);
  expect(statuses).toContain(200);
  expect(statuses).toContain(429);
});

test('of two tabs that change the same rule the second is shown the difference', async ({ owner, guard }) => {
  const { page, api } = owner;
  await api.addRule('shop', { action: 'block', network: '203.0.113.0/24', note: 'first' });
  const second = await page.context().newPage();
  for (const tab of [page, second]) {
    await tab.goto(path);
    await tab.getByRole('row').filter({ hasText: '203.0.113.0/24' }).getByRole('button', { name: /^Edit/ }).click();
  }
  const save = async (tab: Page, note: string) => {
    const dialog = tab.getByRole('dialog');
    await dialog.getByLabel('Note').fill(note);
    await dialog.getByRole('button', { name: 'Save' }).click();
  };
  await save(page, 'from the first tab');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  guard.expectFailure('the rule was changed meanwhile', 412, /\/rules\//);
  await save(second, 'from the second tab');
  const difference = second.getByRole('row').filter({ hasText: 'from the second tab' });
  for (const told of ['first', 'from the first tab', 'from the second tab']) await expect(difference).toContainText(told);
  await second.getByRole('button', { name: 'Save mine over it' }).click();
  await expect.poll(async () => (await api.rules('shop'))[0]?.note).toBe('from the second tab');
});

test('a rule that somebody removed while it was edited can be added again as it was typed', async ({ owner, guard }) => {
  const { page, api } = owner;
  const rule = await api.addRule('shop', { action: 'block', network: '203.0.113.0/24', note: 'first' });
  await page.goto(path);
  await page.getByRole('button', { name: 'Edit: Block 203.0.113.0/24' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Note').fill('scrapers');
  await api.do('DELETE', `/projects/shop/firewall/rules/${rule.id}`, undefined, { 'if-match': '"1"' });
  guard.expectFailure('the rule was removed meanwhile', 404, /\/rules\//);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByRole('alert')).toHaveText('Somebody removed this rule meanwhile. What you typed is kept.');
  await dialog.getByRole('button', { name: 'Add it again' }).click();
  await expect(dialog).toHaveCount(0);
  expect((await api.rules('shop')).map(({ network, note }) => [network, note])).toEqual([['203.0.113.0/24', 'scrapers']]);
});
