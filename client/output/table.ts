import { isPrintableAscii, visible } from './visible.ts';

const gap = 3;

/** Aligns the columns as Docker does. The last column is not padded; control characters are escaped. */
export function table(cells: readonly (readonly string[])[]): string[] {
  const rows = cells.map((row) => row.map(visible));
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, width(cell));
    }
  }
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const isLast = column === row.length - 1;
        return isLast ? cell : cell + ' '.repeat((widths[column] ?? 0) - width(cell) + gap);
      })
      .join(''),
  );
}

/** The number of code points, which is exact enough for names and commands. */
function width(text: string): number {
  return isPrintableAscii(text) ? text.length : [...text].length;
}
