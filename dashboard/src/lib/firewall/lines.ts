import { sentence } from '$lib/format';

/** One entry of a pasted list: what the line says, and where it stands. */
export interface Line {
  /** From 1, as an editor counts. */
  number: number;
  network: string;
  note: string;
}

/** One network a line; what stands behind `#` is its note. Empty lines and comments are left out. */
export function linesOf(text: string): Line[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    const [network = '', ...note] = line.split('#');
    return network.trim() === '' ? [] : [{ number: index + 1, network: network.trim(), note: note.join('#').trim() }];
  });
}

/** What the API says about `entries[3].network`, by the line that it is about. */
export function errorsByLine(fields: Iterable<[string, string]>, lines: readonly Line[]): { line: Line; message: string }[] {
  return [...fields].flatMap(([field, message]) => {
    const line = lines[Number(/^entries\[(\d+)\]/.exec(field)?.[1])];
    return line ? [{ line, message: sentence(message) }] : [];
  });
}

/** The API counts entries from 0; people count lines of what they pasted, and a single entry needs no number. */
export function inLines(text: string, lines?: readonly Line[]): string {
  if (!lines) return sentence(text.replace(/^Entry \d+: /, ''));
  return text.replace(/\b(E|e)ntry (\d+)\b/g, (whole, _, index: string) => {
    const line = lines[Number(index)];
    return line ? `${whole.startsWith('E') ? 'Line' : 'line'} ${line.number}` : whole;
  });
}
