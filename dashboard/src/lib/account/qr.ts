/** Light modules around the code, which readers need (ISO/IEC 18004 §9.1). */
export const QUIET = 4;

/** The dark modules of a QR code as one path, a rectangle for each run within a row; rows are of `1` for dark and `0` for light. */
export function qrPath(rows: readonly string[]): string {
  const runs = rows.flatMap((row, y) => [...row.matchAll(/1+/g)].map((run) => `M${run.index + QUIET} ${y + QUIET}h${run[0].length}v1h-${run[0].length}z`));
  return runs.join('');
}

/** A key in groups of four, so that it can be typed from the screen. */
export const inFours = (key: string): string => (key.match(/.{1,4}/g) ?? []).join(' ');
