import type { NewRule, Rule, RuleChange } from '$lib/api';
import { exactUtc } from '$lib/format';
import { expiresAt, localInput, type Until } from './until';

/** What is typed of a rule. */
export interface RuleValues {
  action: 'block' | 'allow';
  network: string;
  note: string;
  until: Until;
  exact: string;
  /** Empty for all that the scope has. */
  environment: string;
}

export const EMPTY_RULE: RuleValues = { action: 'block', network: '', note: '', until: 'never', exact: '', environment: '' };

/** A network as people write it: a single address without its prefix length. */
export const shortNetwork = (network: string): string => network.replace(/^([\d.]+)\/32$/, '$1').replace(/^(.*:.*)\/128$/, '$1');

/** `Block 203.0.113.0/24`. */
export const ruleName = ({ action, network }: { action: string; network: string }): string => `${action === 'block' ? 'Block' : 'Allow'} ${shortNetwork(network)}`;

export function valuesOf(rule: Rule): RuleValues {
  const { note, environment, expires_at } = rule;
  return {
    action: rule.action as RuleValues['action'],
    network: shortNetwork(rule.network),
    note,
    until: expires_at ? 'exact' : 'never',
    exact: expires_at ? localInput(new Date(expires_at)) : '',
    environment: environment ?? '',
  };
}

/** As the API takes it. */
export function changeOf(values: RuleValues, now: Date, before?: Rule): RuleChange {
  const { action, network, note } = values;
  // The field shows no seconds; a time that was not touched stays exact.
  const kept = before?.expires_at && values.until === 'exact' && values.exact === localInput(new Date(before.expires_at));
  const expires_at = kept ? before.expires_at : expiresAt(values.until, values.exact, now);
  return { action, network: network.trim(), note: note.trim(), expires_at: expires_at ?? null };
}

export function newRuleOf(values: RuleValues, now: Date): NewRule {
  return { ...changeOf(values, now), environment: values.environment || null };
}

/** What a saved rule says, as the API takes it. */
export const bodyOf = ({ action, network, note, expires_at }: Rule): RuleChange => ({ action, network, note, expires_at: expires_at ?? null });

/** A rule as it can be added again. */
export const againOf = (rule: Rule): NewRule => ({ ...bodyOf(rule), environment: rule.environment });

/** Whether it can be a whole address or network by now, so that asking the server about it is worth while. */
export function looksWhole(network: string): boolean {
  const [address = '', prefix, ...rest] = network.trim().split('/');
  const parts = address.split('.');
  const four = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
  const six = /^[0-9a-f:]+(:(\d{1,3}\.){3}\d{1,3})?$/i.test(address) && address.split(':').length > 2;
  return (four || six) && rest.length === 0 && (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (four ? 32 : 128)));
}

/** What is wrong as far as the browser can tell. */
export function checkRule({ network, until, exact }: RuleValues): Record<string, string | undefined> {
  return {
    network: network.trim() === '' ? 'Type an address such as 203.0.113.7, or a network such as 203.0.113.0/24.' : undefined,
    expires_at: until === 'exact' && expiresAt(until, exact, new Date()) === undefined ? 'Choose the day and the time at which it ends.' : undefined,
  };
}

/** The lines of a rule that can differ, for people. */
export function toldRule({ action, network, note, expires_at }: RuleChange): Record<string, string> {
  return {
    Action: action === 'block' ? 'Block' : 'Allow',
    Network: shortNetwork(network),
    Until: expires_at ? exactUtc(new Date(expires_at)) : 'no end',
    Note: note || 'none',
  };
}
