// Every trap that code or a test cites has a row in docs/traps.md, and every test that a row names exists.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const top = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(top, path), 'utf8');

function complain(text: string): void {
  console.error(text);
  process.exitCode = 1;
}

const rows = read('docs/traps.md')
  .split('\n')
  .filter((line) => /^\| T\d+ \|/.test(line))
  .map((line) => line.slice(2, -2).split(' | '));
const numbers = new Set(rows.map(([number]) => number));

for (const [number, , , , tests = ''] of rows) {
  if (tests.startsWith('by construction: ')) continue;
  for (const entry of tests.split(' · ')) {
    const [, path = '', name = ''] = /^`([^`]+)`: (.+)$/.exec(entry) ?? [];
    if (!existsSync(join(top, path))) complain(`docs/traps.md: ${number}: there is no file '${path}'`);
    else if (name === '' || !read(path).includes(name))
      complain(`docs/traps.md: ${number}: ${path} has no test '${name}'`);
  }
}

const sources = '{bench,client,common,daemon,native,scripts,test}/**/*.{ts,c,h,sh}';
for (const path of globSync(sources, { cwd: top, exclude: ['native/build/**'] })) {
  for (const [cited] of read(path).matchAll(/\bT[1-9]\d?\b/g))
    if (!numbers.has(cited)) complain(`${path} cites ${cited}, which has no row in docs/traps.md`);
}
