import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { holders, PERMISSIONS } from './permissions';

const named = PERMISSIONS.flatMap(({ items }) => items.map(([permission]) => permission as string));

describe('the permissions', () => {
  it('are all that calls of the API need, each once', () => {
    const document = readFileSync('openapi.json', 'utf8');
    const needed = [...document.matchAll(/whose role includes `([a-z]+:[a-z]+)`/g)].map(([, permission]) => permission);
    expect([...named].sort()).toEqual([...new Set(needed)].sort());
  });
});

describe('the roles that occur', () => {
  it('stand from the highest to the lowest, with who has them', () => {
    const member = (name: string, role: string) => ({ user: { id: name, email: `${name}@example.com`, name }, role, permissions: [role] });
    expect(holders([member('c', 'viewer'), member('a', 'owner'), member('b', 'viewer')])).toEqual([
      { title: 'Owner', who: 'a', permissions: ['owner'] },
      { title: 'Viewer', who: 'c and 1 more', permissions: ['viewer'] },
    ]);
    expect(holders([])).toEqual([]);
  });
});
