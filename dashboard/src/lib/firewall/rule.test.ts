import { describe, expect, it } from 'vitest';
import type { Rule } from '$lib/api';
import { changeOf, checkRule, EMPTY_RULE, looksWhole, newRuleOf, shortNetwork, valuesOf } from './rule';

const NOW = new Date('2026-05-04T12:00:00Z');
const RULE: Rule = {
  id: '01a2', action: 'allow', network: '2001:db8::1/128', note: 'office', environment: 'staging', version: 3,
  created_at: '2026-05-01T00:00:00Z', expires_at: '2026-06-01T10:20:30.456Z',
};

describe('a rule', () => {
  it.each([['203.0.113.7/32', '203.0.113.7'], ['203.0.113.0/24', '203.0.113.0/24'], ['2001:db8::1/128', '2001:db8::1'], ['2001:db8::/32', '2001:db8::/32']])(
    'shows %s as %s', (network, shown) => expect(shortNetwork(network)).toBe(shown),
  );

  it('ends when it was said', () => {
    const until = (until: (typeof EMPTY_RULE)['until'], exact = '') => newRuleOf({ ...EMPTY_RULE, network: ' 10.0.0.1 ', until, exact }, NOW);
    expect(until('never')).toEqual({ action: 'block', network: '10.0.0.1', note: '', expires_at: null, environment: null });
    expect(until('day').expires_at).toBe('2026-05-05T12:00:00.000Z');
    expect(until('exact', '2026-05-06T08:00').expires_at).toBe(new Date('2026-05-06T08:00').toISOString());
    expect(checkRule({ ...EMPTY_RULE, network: 'x', until: 'exact' }).expires_at).toBeDefined();
  });

  it('keeps the seconds of an end that nobody touched', () => {
    expect(changeOf(valuesOf(RULE), NOW, RULE)).toEqual({ action: 'allow', network: '2001:db8::1', note: 'office', expires_at: RULE.expires_at });
  });

  it('is tried out once its network looks whole', () => {
    for (const whole of ['10.0.0.1', ' 10.0.0.0/8', '2001:db8::/32', '::1', '::ffff:10.0.0.1']) expect(looksWhole(whole), whole).toBe(true);
    for (const part of ['', '10.', '10.0.0', '10.0.0.300', '10.0.0.1/', '10.0.0.1/33', '10.0.0.1/8/8', '2001:', 'example.com']) expect(looksWhole(part), part).toBe(false);
  });
});
