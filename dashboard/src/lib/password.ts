import { count } from './format';

/** What an instance demands that was not told otherwise. */
export const MIN_CHARACTERS = 12;
const MAX_BYTES = 1024;

export interface Advice {
  good: boolean;
  text: string;
}

/**
 * What can be said about a new password before it is sent: the length that the API demands and what makes it plainly
 * guessable. Whether it is good enough, the server decides.
 */
export function adviceOn(password: string, known: readonly string[], least = MIN_CHARACTERS): Advice | undefined {
  if (password === '') return undefined;
  const bad = (text: string): Advice => ({ good: false, text });
  const problem = passwordProblem(password, least);
  if (problem) return bad(problem);
  if (new Set(password).size < 6) return bad('Repeats the same few characters.');
  const rest = withoutKnown(password.toLowerCase(), known);
  if (rest.length < least / 2) return bad('Mostly words that are tried first: your name, your address, “password”, “temps”.');
  if (/^(?:(.+?)\1+)$/.test(password)) return bad('Repeats itself.');
  if (/^\d+$/.test(password)) return bad('Only digits are easy to guess.');
  return { good: true, text: 'Long enough. Temps refuses it only if it is easy to guess.' };
}

/** What is certainly wrong with a new password, so that it need not be sent. */
export function passwordProblem(password: string, least = MIN_CHARACTERS): string | undefined {
  if (password === '') return 'Choose a password.';
  if (new TextEncoder().encode(password).length > MAX_BYTES) return 'Longer than 1,024 bytes.';
  const missing = least - [...password.normalize('NFKC')].length;
  return missing > 0 ? `${count(missing, 'more character')} needed.` : undefined;
}

function withoutKnown(password: string, known: readonly string[]): string {
  const words = [...known, 'temps', 'password'].flatMap((text) => text.toLowerCase().split(/[\s@.]+/)).filter((word) => word.length >= 3);
  return words.reduce((rest, word) => rest.split(word).join(''), password);
}
