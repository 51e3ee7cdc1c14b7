import type { DryRunTraffic } from './api/types';
import { count, number } from './format';
import { timeKnown } from './kept';

/** What a change would have done to recent requests: what counts, and whom it concerns. */
export function trafficSentence({ since, considered, refused, throttled, admitted, clients, yours }: DryRunTraffic, now: Date): { head: string; tail: string } {
  const time = timeKnown('requests', since, now);
  if (considered === 0) return { head: `There were no requests ${time}`, tail: ' to try it on' };
  const parts = [
    refused > 0 && `refused ${number(refused)}`,
    throttled > 0 && `limited ${number(throttled)}`,
    admitted > 0 && `let in ${number(admitted)}`,
  ].filter((part) => part !== false);
  const whole = `the ${count(considered, 'request')} ${time}`;
  if (parts.length === 0) return { head: `Would have changed nothing for ${whole}`, tail: '' };
  const done = parts.length > 1 ? `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}` : parts[0];
  const own = yours > 0 ? `${number(yours)} of them yours` : 'none of them yours';
  return { head: `Would have ${done} of ${whole}`, tail: ` from ${count(clients, 'address', 'addresses')}, ${own}` };
}
