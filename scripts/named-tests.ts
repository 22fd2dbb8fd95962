// Documents name tests as `FILE`: NAME, several of them with a dot between.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const top = join(import.meta.dirname, '..');

export function read(path: string): string {
  return readFileSync(join(top, path), 'utf8');
}

export function complain(text: string): void {
  console.error(text);
  process.exitCode = 1;
}

/** The cells of each row of a document's tables whose first cell matches. */
export function rowsOf(document: string, first: RegExp): string[][] {
  return read(document)
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.slice(2, -2).split(' | '))
    .filter(([cell = '']) => first.test(cell));
}

/** Complains of each test in a cell that does not exist. */
export function checkTests(place: string, cell: string): void {
  for (const entry of cell.split(' · ')) {
    const [, path = '', name = ''] = /^`([^`]+)`: (.+)$/.exec(entry) ?? [];
    if (!existsSync(join(top, path))) complain(`${place}: there is no file '${path}'`);
    else if (name === '' || !read(path).includes(name)) complain(`${place}: ${path} has no test '${name}'`);
  }
}
