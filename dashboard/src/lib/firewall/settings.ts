import type { Firewall, Limits } from '$lib/api';
import { bytes, count } from '$lib/format';
import type { FirewallSettings } from './access';

export type Unit = 'KiB' | 'MiB' | 'GiB';
export const UNITS: Record<Unit, number> = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** What is typed of mode and limits. Numbers are text, so that what was typed stays. */
export interface SettingsValues {
  mode: 'open' | 'allow_list';
  ownRate: boolean;
  perSecond: string;
  burst: string;
  ownBody: boolean;
  body: string;
  unit: Unit;
}

export function settingsValues({ mode, limits, effective_limits }: Firewall): SettingsValues {
  const rate = limits.rate ?? effective_limits.rate;
  const body = limits.max_body ?? effective_limits.max_body ?? 0;
  const unit = unitOf(body);
  return {
    mode: mode === 'allow_list' ? 'allow_list' : 'open',
    ownRate: Boolean(limits.rate),
    perSecond: String(rate?.per_second ?? ''),
    burst: String(rate?.burst ?? ''),
    ownBody: typeof limits.max_body === 'number',
    body: String(body / UNITS[unit]),
    unit,
  };
}

/** The largest unit in which a size is a whole number. */
function unitOf(size: number): Unit {
  return (['GiB', 'MiB'] as const).find((unit) => size > 0 && size % UNITS[unit] === 0) ?? 'KiB';
}

export function settingsOf(values: SettingsValues): FirewallSettings {
  const { mode, ownRate, perSecond, burst, ownBody, body, unit } = values;
  return {
    mode,
    limits: {
      ...(ownRate && { rate: { per_second: Number(perSecond), burst: Number(burst) } }),
      ...(ownBody && { max_body: Math.round(Number(body) * UNITS[unit]) }),
    },
  };
}

export function checkSettings({ ownRate, perSecond, burst, ownBody, body }: SettingsValues): Record<string, string | undefined> {
  const whole = (text: string) => (/^[1-9]\d{0,8}$/.test(text.trim()) ? undefined : 'Type a whole number of at least 1.');
  return {
    'limits.rate.per_second': ownRate ? whole(perSecond) : undefined,
    'limits.rate.burst': ownRate ? whole(burst) : undefined,
    'limits.max_body': ownBody && !/^\d{1,12}(\.\d+)?$/.test(body.trim()) ? 'Type a number.' : undefined,
  };
}

export function rateWords(rate: Limits['rate']): string {
  return rate ? `${count(rate.per_second, 'request')} per second, ${count(rate.burst, 'request')} at once` : 'none';
}

export const MODE_WORDS: Record<string, string> = { open: 'Open', allow_list: 'Allow list' };

/** The settings line by line, for people. */
export function toldSettings({ mode, limits }: FirewallSettings): Record<string, string> {
  return {
    Mode: MODE_WORDS[mode] ?? mode,
    'Rate limit': limits.rate ? rateWords(limits.rate) : 'inherited',
    'Largest body': typeof limits.max_body === 'number' ? bytes(limits.max_body) : 'inherited',
  };
}
