import type { Verdict } from './api/types';

/** Words and colours of the verdicts, in the order in which charts stack them. */
export const VERDICTS: readonly { verdict: Verdict; word: string; colour: string }[] = [
  { verdict: 'passed', word: 'Passed', colour: '--pass' },
  { verdict: 'throttled', word: 'Limited', colour: '--throttle' },
  { verdict: 'refused', word: 'Refused', colour: '--refuse' },
  { verdict: 'failed', word: 'Failed', colour: '--fail' },
  { verdict: 'abandoned', word: 'Abandoned', colour: '--abandon' },
];

export function wordOf(verdict: Verdict): string {
  return VERDICTS.find((entry) => entry.verdict === verdict)?.word ?? verdict;
}
