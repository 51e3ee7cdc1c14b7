const DIGITS = 6;

/** The code in what was typed or pasted, with spaces or not; nothing while it is not six digits. */
export function codeIn(text: string): string | undefined {
  const digits = text.replace(/[\s-]/g, '');
  return digits.length === DIGITS && /^\d+$/.test(digits) ? digits : undefined;
}

/** What is wrong with a code before it is sent. */
export const codeProblem = (text: string): string | undefined => (codeIn(text) ? undefined : 'Type the six digits that your authenticator shows.');
