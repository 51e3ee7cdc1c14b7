import { expect, it } from 'vitest';
import { crumbs, isCurrent } from './navigation';

it('knows where a page stands', () => {
  expect(crumbs('/projects/shop/firewall').map(({ label }) => label)).toEqual(['Projects', 'shop', 'Firewall']);
  expect(crumbs('/projects').map(({ label }) => label)).toEqual(['Projects']);
  expect(crumbs('/instance/console').map(({ label }) => label)).toEqual(['Instance', 'Console access']);
  expect(crumbs('/account').map(({ label }) => label)).toEqual(['Account']);
  expect(crumbs('/account/security').map(({ label }) => label)).toEqual(['Account', 'Security']);
  expect([isCurrent('/projects/shop', '/projects/shop', true), isCurrent('/projects/shop/x', '/projects/shop', true), isCurrent('/a/b/c', '/a/b')]).toEqual([true, false, true]);
});
