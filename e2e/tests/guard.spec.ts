import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Guard, NOTHING } from '../support/guard.ts';
import { expect, test } from '../support/test.ts';

/** Pages that do what no page of the dashboard may do. */
const page = (body: string, head = '') =>
  `<!doctype html><title>Site</title><link rel="icon" href="icon.svg">${head}<h1>Site</h1>${body}`;

test('the guard notices errors, violations, requests elsewhere, and what was expected in vain', async ({ owner, temps, browser }) => {
  const elsewhere = createServer((_request, response) => response.end());
  elsewhere.listen(0, '127.0.0.1');
  await once(elsewhere, 'listening');
  const address = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/pixel`;
  await owner.api.createProject('shop');
  await owner.api.deploy('shop', {
    'icon.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
    'good.html': page(''),
    'thrown.html': page('<script>throw new Error("thrown")</script>'),
    'logged.html': page('<script>console.error("logged")</script>'),
    'missing.html': page('<img alt="" src="no-such-image.png">'),
    'policy.html': page('<img alt="" src="icon.svg">', `<meta http-equiv="content-security-policy" content="img-src 'none'">`),
    'elsewhere.html': page(`<script>fetch(${JSON.stringify(address)}, { mode: 'no-cors' }).finally(() => { document.title = 'Done' })</script>`),
  });
  const visit = async (path: string, prepare: (guard: Guard) => void = () => {}) => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const guard = new Guard(temps);
    prepare(guard);
    await guard.watch(context);
    const visited = await context.newPage();
    await visited.goto(`${temps.at('shop')}/${path}`, { waitUntil: 'networkidle' });
    await context.close();
    return guard.findings();
  };

  expect(await visit('good.html')).toEqual(NOTHING);
  expect((await visit('thrown.html')).errors).toEqual([expect.stringContaining('Error: thrown')]);
  expect((await visit('logged.html')).errors).toEqual([expect.stringContaining('error: logged')]);
  expect((await visit('missing.html')).errors).toEqual([expect.stringContaining('status of 404')]);
  expect(await visit('missing.html', (guard) => guard.expectFailure('no image', 404, /image/))).toEqual(NOTHING);
  expect((await visit('missing.html', (guard) => guard.expectFailure('no script', 404, /script/))).errors).toHaveLength(1);
  expect(await visit('good.html', (guard) => guard.expectFailure('no image', 404, /image/))).toEqual({
    ...NOTHING,
    missing: ['404: no image'],
  });
  expect((await visit('policy.html')).violations).toContainEqual(expect.stringContaining('img-src blocked'));
  expect((await visit('elsewhere.html')).foreign).toEqual([`GET ${address}`]);
  elsewhere.close();
});
