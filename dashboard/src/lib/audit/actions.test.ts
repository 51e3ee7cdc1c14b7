import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ACTIONS, actionsOf, ON_THE_SERVER, ON_THE_WAY, wordsFor } from './actions';

const documented = new Set(
  [...readFileSync('openapi.json', 'utf8').matchAll(/The audit log records it as `([a-z_.]+)`/g)].map(([, name]) => name),
);

describe('the actions of the audit log', () => {
  it('are those of the API, of its logins and of the server itself, no more and no fewer', () => {
    expect([...documented, ...ON_THE_SERVER, ...ON_THE_WAY].sort()).toEqual(Object.keys(ACTIONS).sort());
  });

  it('have words of their own', () => {
    const words = Object.values(ACTIONS);
    expect(new Set(words).size).toBe(words.length);
    expect(wordsFor('volume.attach')).toBe('volume.attach');
  });

  it('of a project are only those that happen in one', () => {
    expect(actionsOf('project')).toContain('deployment.create');
    expect(actionsOf('project')).toContain('audit.read');
    expect(actionsOf('project').filter((action) => /^(instance|console|emergency|user|session|password|totp|recovery_codes|audit\.export)/.test(action))).toEqual([]);
    expect(actionsOf('instance')).toHaveLength(Object.keys(ACTIONS).length);
  });
});
