import type { HeaderSettings } from '$lib/api';

/** A header that Temps sees to: what the two presets say, and what it is for. Null: nothing is said. */
export interface Managed {
  name: string;
  standard: string | null;
  strict: string | null;
  purpose: string;
}

const FRAMES = "frame-ancestors 'none'";
const SENSORS = 'accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()';

/** The table that stands with the protection; the site's own answer beside it shows what really holds. */
export const MANAGED: readonly Managed[] = [
  { name: 'Content-Security-Policy', standard: FRAMES, strict: FRAMES, purpose: 'Which scripts, styles and frames a page may use.' },
  { name: 'X-Frame-Options', standard: 'DENY', strict: 'DENY', purpose: 'Whether other sites may show pages in a frame.' },
  { name: 'X-Content-Type-Options', standard: 'nosniff', strict: 'nosniff', purpose: 'Browsers believe the type that is sent.' },
  { name: 'Referrer-Policy', standard: 'strict-origin-when-cross-origin', strict: 'strict-origin-when-cross-origin', purpose: 'How much of an address other sites are told.' },
  { name: 'Permissions-Policy', standard: null, strict: SENSORS, purpose: 'Which sensors and devices pages may ask for.' },
  { name: 'Cross-Origin-Opener-Policy', standard: 'same-origin-allow-popups', strict: 'same-origin', purpose: 'Whether windows of other sites keep a hold on a page.' },
  { name: 'Cross-Origin-Resource-Policy', standard: null, strict: 'same-origin', purpose: 'Whether other sites may embed files.' },
  { name: 'Cross-Origin-Embedder-Policy', standard: null, strict: null, purpose: 'Whether a page may embed what did not agree to it.' },
  { name: 'X-XSS-Protection', standard: '1; mode=block', strict: '0', purpose: 'An old filter of browsers; 0 turns it off.' },
];

export type Preset = 'standard' | 'strict';
/** Where a header's value comes from. */
export type Source = 'preset' | 'own' | 'application';

export interface HeaderValues {
  preset: Preset;
  enforce: boolean;
  /** By the header's name, in the order of `MANAGED`. */
  sources: Record<string, Source>;
  own: Record<string, string>;
  hsts: { enabled: boolean; days: string; includeSubdomains: boolean; preload: boolean };
}

const DAY = 86_400;

export function valuesOf(settings: HeaderSettings): HeaderValues {
  const preset = settings.preset === 'strict' ? 'strict' : 'standard';
  const overrides = new Map(Object.entries(settings.overrides ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  const sources: HeaderValues['sources'] = {};
  const own: HeaderValues['own'] = {};
  for (const header of MANAGED) {
    const value = overrides.get(header.name.toLowerCase());
    sources[header.name] = value === undefined ? 'preset' : value === null ? 'application' : 'own';
    own[header.name] = value ?? header[preset] ?? '';
  }
  const { enabled = true, max_age = 365 * DAY, include_subdomains = false, preload = false } = settings.hsts ?? {};
  return { preset, enforce: settings.enforce ?? false, sources, own, hsts: { enabled, days: String(max_age / DAY), includeSubdomains: include_subdomains, preload } };
}

export function settingsOf({ preset, enforce, sources, own, hsts }: HeaderValues): HeaderSettings {
  const overrides: Record<string, string | null> = {};
  for (const { name } of MANAGED) {
    if (sources[name] === 'own') overrides[name] = (own[name] ?? '').trim();
    if (sources[name] === 'application') overrides[name] = null;
  }
  const { enabled, days, includeSubdomains, preload } = hsts;
  return { preset, enforce, overrides, hsts: { enabled, max_age: Math.round(Number(days) * DAY), include_subdomains: includeSubdomains, preload } };
}

export function check({ sources, own, hsts }: HeaderValues): Record<string, string | undefined> {
  const empty = MANAGED.filter(({ name }) => sources[name] === 'own' && !own[name]?.trim());
  return {
    ...Object.fromEntries(empty.map(({ name }) => [`overrides.${name}`, 'Type a value, or choose the preset or the application.'])),
    'hsts.max_age': /^\d{1,4}(\.\d+)?$/.test(hsts.days.trim()) ? undefined : 'Type a number of days, such as 365.',
  };
}

/** The settings line by line, for people. */
export function told(settings: HeaderSettings): Record<string, string> {
  const { preset, enforce, hsts, sources, own } = valuesOf(settings);
  const hstsWords = [`${hsts.days} days`, hsts.includeSubdomains && 'with subdomains', hsts.preload && 'preload'].filter(Boolean).join(', ');
  return {
    Preset: preset === 'strict' ? 'Strict' : 'Standard',
    'Replaces the application’s': enforce ? 'yes' : 'no',
    'Strict-Transport-Security': hsts.enabled ? hstsWords : 'off',
    ...Object.fromEntries(
      MANAGED.map(({ name }) => [name, sources[name] === 'preset' ? 'preset' : sources[name] === 'application' ? 'left to the application' : (own[name] ?? '')]),
    ),
  };
}
