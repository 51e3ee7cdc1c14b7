import { call } from '../support/http.ts';
import { expect, test } from '../support/test.ts';

const REFUSED = 'ERR_CONNECTION_REFUSED';

test.beforeEach(async ({ owner }) => {
  await owner.api.createProject('shop', 'The shop');
  await owner.api.deploy('shop', { 'index.html': '<h1>Shop</h1>' });
});

test('requests appear on the overview as they happen, and the requests page follows too', async ({ owner, temps }) => {
  const { page, api } = owner;
  await api.addRule('shop', { action: 'block', network: '127.0.0.3', note: 'noisy neighbour' });
  await page.goto('/projects/shop');
  const main = page.getByRole('main');
  await expect(main.getByText('Updates live', { exact: true }).first()).toBeVisible();
  await call(temps, `${temps.at('shop')}/of-the-neighbour`, { from: '127.0.0.3' });
  await expect(main.getByRole('row').filter({ hasText: '/of-the-neighbour' })).toContainText('Refused');
  const numbers = (name: string) => main.locator('dl > div').filter({ hasText: name }).getByRole('definition').first();
  await expect(numbers('Requests, last hour')).toHaveText('1');
  await expect(numbers('Refused and limited')).toHaveText('1');

  await page.getByRole('link', { name: 'Requests', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Requests' })).toBeVisible();
  await call(temps, `${temps.at('shop')}/while-it-is-open`, { from: '127.0.0.2' });
  await expect(main.getByRole('row').filter({ hasText: '/while-it-is-open' })).toContainText('127.0.0.2');
});

test('a lost connection is shown, and everything goes on by itself when the server is back', async ({ owner, temps, guard }) => {
  const { page } = owner;
  await page.goto('/projects/shop/requests');
  const main = page.getByRole('main');
  await expect(main.getByText('Updates live', { exact: true }).first()).toBeVisible();
  const loads = new Set<string>();
  page.on('framenavigated', (frame) => loads.add(frame.url()));

  guard.expectFailure('the server is gone', REFUSED, /./);
  await temps.stop();
  await expect(page.getByText('Temps cannot be reached.')).toBeVisible();
  await expect(main.getByText(/Not connected/)).toBeVisible();

  await temps.start();
  await expect(page.getByText('Temps cannot be reached.')).toBeHidden({ timeout: 20_000 });
  await expect(main.getByText('Updates live', { exact: true }).first()).toBeVisible();
  await call(temps, `${temps.at('shop')}/after-the-break`, { from: '127.0.0.4' });
  await expect(main.getByRole('row').filter({ hasText: '/after-the-break' })).toContainText('127.0.0.4');
  expect([...loads], 'the page was not loaded again').toEqual([]);
});
