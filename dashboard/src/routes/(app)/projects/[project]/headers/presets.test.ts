import { describe, expect, it } from 'vitest';
import type { HeaderSettings, LiveHeaders } from '$lib/api';
import { changedNames } from './changed';
import { check, settingsOf, valuesOf } from './presets';

const HSTS = { enabled: true, max_age: 31_536_000, include_subdomains: false, preload: false };
const DEFAULTS: HeaderSettings = { preset: 'standard', enforce: false, overrides: {}, hsts: HSTS };

describe('header settings', () => {
  it.each<[HeaderSettings]>([
    [DEFAULTS],
    [{ preset: 'strict', enforce: true, overrides: { 'Referrer-Policy': 'no-referrer', 'X-Frame-Options': null }, hsts: { ...HSTS, max_age: 300, preload: true } }],
  ])('%j survive the way into the form and back', (settings) => expect(settingsOf(valuesOf(settings))).toEqual(settings));

  it('finds overrides however their names are written', () => {
    expect(settingsOf(valuesOf({ ...DEFAULTS, overrides: { 'referrer-policy': 'no-referrer' } })).overrides).toEqual({ 'Referrer-Policy': 'no-referrer' });
  });

  it('wants a value where one of its own is chosen', () => {
    const values = valuesOf(DEFAULTS);
    values.sources['Permissions-Policy'] = 'own';
    expect(check(values)['overrides.Permissions-Policy']).toBeDefined();
  });
});

describe('what a site sends', () => {
  const answer = (headers: [string, string][], url = 'https://demo.localhost'): LiveHeaders => ({
    url, status: 200, at: '2026-05-04T12:00:00Z', headers: headers.map(([name, value]) => ({ name, value, managed: true })),
  });

  it('is marked where it changed, came or went, and never for what every answer has anew', () => {
    const before = answer([['referrer-policy', 'a'], ['x-xss-protection', '0'], ['date', 'Mon']]);
    const now = answer([['referrer-policy', 'b'], ['permissions-policy', 'c'], ['date', 'Tue']]);
    expect([...changedNames(before, now)].sort()).toEqual(['permissions-policy', 'referrer-policy', 'x-xss-protection']);
    expect(changedNames(before, answer([['referrer-policy', 'b']], 'https://other.localhost')).size).toBe(0);
    expect(changedNames(undefined, now).size).toBe(0);
  });
});
