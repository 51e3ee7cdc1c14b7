import { describe, expect, it } from 'vitest';
import type { Firewall } from '$lib/api';
import { checkSettings, settingsOf, settingsValues } from './settings';

const EFFECTIVE = { rate: { per_second: 200, burst: 600 }, max_body: 104_857_600 };
const firewall = (limits: Firewall['limits'], mode = 'open'): Firewall => ({ mode, limits, effective_limits: EFFECTIVE, version: 1 });

describe('settings of a firewall', () => {
  it.each([
    [{}],
    [{ rate: { per_second: 5, burst: 10 } }],
    [{ max_body: 1_073_741_824 }],
    [{ max_body: 1536 }],
    [{ max_body: 1000 }],
    [{ rate: { per_second: 1, burst: 1 }, max_body: 0 }],
  ])('%j survive the way into the form and back', (limits) => {
    expect(settingsOf(settingsValues(firewall(limits, 'allow_list')))).toEqual({ mode: 'allow_list', limits });
  });

  it('begin with what is inherited once a limit of its own is wanted', () => {
    expect(settingsOf({ ...settingsValues(firewall({})), ownRate: true, ownBody: true }).limits).toEqual(EFFECTIVE);
  });

  it('are checked only where they count', () => {
    const values = { ...settingsValues(firewall({})), perSecond: '0', burst: 'x', body: '' };
    expect(Object.values(checkSettings(values)).filter(Boolean)).toEqual([]);
    expect(Object.values(checkSettings({ ...values, ownRate: true, ownBody: true })).filter(Boolean)).toHaveLength(3);
  });
});
