import { call, requestId } from '../support/http.ts';
import { expect, test } from '../support/test.ts';

test.beforeEach(async ({ owner }) => {
  await owner.api.createProject('shop', 'The shop');
  await owner.api.deploy('shop', { 'index.html': 'Shop' });
});

test('a refusal is found by the request id of the block page, and leads to its rule', async ({ owner, temps }) => {
  const { page, api } = owner;
  await api.addRule('shop', { action: 'block', network: '127.0.0.3', note: 'noisy neighbour' });
  const refused = await call(temps, `${temps.at('shop')}/basket`, { from: '127.0.0.3', headers: { accept: 'text/html' } });
  expect(refused.status).toBe(403);
  const id = requestId(refused);
  expect(refused.body).toContain(id);

  await page.goto('/projects/shop/requests');
  await page.getByLabel('Request id').fill(id);
  await page.keyboard.press('Enter');
  const details = page.getByRole('dialog');
  for (const told of [id, '127.0.0.3', '/basket', '403', 'Refused', 'noisy neighbour']) await expect(details).toContainText(told);
  await expect(page).toHaveURL(new RegExp(`id=${id}`));

  // The address of the page leads to it, too.
  await page.goto(`/projects/shop/requests?id=${id}`);
  await expect(details).toContainText('noisy neighbour');
  await details.getByRole('link', { name: '127.0.0.3/32' }).click();
  await expect(page).toHaveURL(/\/projects\/shop\/firewall/);
});

test('requests are filtered by verdict and address, and the address bar knows it', async ({ owner, temps }) => {
  const { page, api } = owner;
  await api.addRule('shop', { action: 'block', network: '127.0.0.3' });
  for (const from of ['127.0.0.2', '127.0.0.3', '127.0.0.4']) await call(temps, `${temps.at('shop')}/from/${from}`, { from });
  await page.goto('/projects/shop/requests');
  const rows = page.getByRole('main').getByRole('row');
  await expect(rows.filter({ hasText: '/from/' })).toHaveCount(3);
  await page.getByLabel('Verdict').selectOption({ label: 'Refused' });
  await expect(rows.filter({ hasText: '/from/' })).toHaveCount(1);
  await expect(rows.filter({ hasText: '/from/127.0.0.3' })).toHaveCount(1);
  await expect(page).toHaveURL(/verdict=refused/);

  await page.goto('/projects/shop/requests?client=127.0.0.4');
  await expect(rows.filter({ hasText: '/from/' })).toHaveCount(1);
  await expect(rows.filter({ hasText: '/from/127.0.0.4' })).toHaveCount(1);
});

test('an id that nobody has says how long requests are kept', async ({ owner, guard }) => {
  const { page } = owner;
  guard.expectFailure('there is no such request', 404, /\/requests\//);
  await page.goto('/projects/shop/requests?id=01a214b1-0000-7000-8000-000000000000');
  await expect(page.getByRole('dialog').getByText('refusals for 7 days')).toBeVisible();
});
