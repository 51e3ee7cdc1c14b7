import type { DryRunTraffic } from './api/types';
import { count, number } from './format';

/** What a change would have done to the last hour's requests: what counts, and whom it concerns. */
export function trafficSentence({ considered, refused, throttled, admitted, clients, yours }: DryRunTraffic): { head: string; tail: string } {
  if (considered === 0) return { head: 'There were no requests in the last hour', tail: ' to try it on' };
  const parts = [
    refused > 0 && `refused ${number(refused)}`,
    throttled > 0 && `limited ${number(throttled)}`,
    admitted > 0 && `let in ${number(admitted)}`,
  ].filter((part) => part !== false);
  const whole = `of the last hour’s ${count(considered, 'request')}`;
  if (parts.length === 0) return { head: `Would have changed nothing for any ${whole}`, tail: '' };
  const done = parts.length > 1 ? `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}` : parts[0];
  const own = yours > 0 ? `${number(yours)} of them yours` : 'none of them yours';
  return { head: `Would have ${done} ${whole}`, tail: ` from ${count(clients, 'address', 'addresses')}, ${own}` };
}
