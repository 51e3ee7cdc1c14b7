import { describe, expect, it } from 'vitest';
import { actorOf, differencesOf, personalValue, projectOf, subjectOf } from './record';

const target = (kind: string, id = '01a214c5-8d3b-7cec-bb53-37e035eba13a') => ({ kind, id });

describe('a record', () => {
  it('names who acted', () => {
    const actor = { kind: 'user', id: '01a2', email: 'you@example.com', authentication: 'session' };
    expect(actorOf(actor)).toBe('you@example.com');
    expect(actorOf({ ...actor, email: null })).toBe('User 01a2, gone');
    expect(actorOf({ kind: 'console', authentication: 'local' })).toBe('Operator of the server');
    expect(actorOf({ kind: 'anonymous', authentication: 'none' })).toBe('Somebody not logged in');
  });

  it('names what was acted upon', () => {
    const name = (kind: string, changes: object, personal = {}) => subjectOf({ target: target(kind), changes: { ...changes }, personal })?.name;
    expect(name('environment', { slug: { before: null, after: 'staging' } })).toBe('staging');
    expect(name('environment', { slug: { before: 'staging', after: null } })).toBe('staging');
    expect(name('domain', { host: { before: null, after: 'shop.example.com' } })).toBe('shop.example.com');
    expect(name('user', {}, { invited_email: 'you@example.com' })).toBe('you@example.com');
    expect(name('deployment', { environment: { before: null, after: 'production' } })).toBe('production');
    expect(subjectOf({ target: target('user', '01a2'), changes: {}, personal: {} }, [{ id: '01a2', email: 'you@example.com' }])?.name).toBe('you@example.com');
    const rule = (network: string) => ({ action: 'block', network, expires_at: null });
    expect(name('firewall', { rules: { before: null, after: [rule('192.0.2.0/24'), rule('198.51.100.0/24')] } })).toBe('block 192.0.2.0/24 and 1 more');
    expect(name('firewall_rule', { rule: { before: rule('192.0.2.0/24'), after: null } })).toBe('block 192.0.2.0/24');
    expect(subjectOf({ target: target('settings', 'settings'), changes: {}, personal: {} })).toEqual({ kind: 'settings', name: '' });
    expect(subjectOf({ target: null, changes: {}, personal: {} })).toBeUndefined();
  });

  it('says when its project is gone', () => {
    expect(projectOf('shop')).toBe('shop');
    expect(projectOf('01a214c5-8d3b-7cec-bb53-37e035eba13a')).toBe('one that is gone, …eba13a');
  });

  it('tells every value that changed', () => {
    const limits = { before: { rate: { burst: 600 } }, after: { rate: { burst: 20 }, max_body: null } };
    expect(differencesOf({ limits, mode: { before: 'open', after: 'allow_list' } })).toEqual([
      { field: 'limits.rate.burst', from: 600, to: 20 },
      { field: 'mode', from: 'open', to: 'allow_list' },
    ]);
  });

  it('says which personal fields are gone', () => {
    expect(personalValue(null)).toBe('erased');
    expect(personalValue('')).toBe('not sent');
    expect(personalValue('192.0.2.7')).toBe('192.0.2.7');
  });
});
