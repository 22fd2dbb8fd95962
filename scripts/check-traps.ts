// Every trap that code or a test cites has a row in docs/traps.md, and every test that a row there or in docs/kernel-facts.md names exists.
import { globSync } from 'node:fs';
import { checkTests, complain, read, rowsOf, top } from './named-tests.ts';

const rows = rowsOf('docs/traps.md', /^T\d+$/);
const numbers = new Set(rows.map(([number]) => number));

for (const [number, , , , tests = ''] of rows)
  if (!tests.startsWith('by construction: ')) checkTests(`docs/traps.md: ${number}`, tests);

for (const [fact = '', , tests = ''] of rowsOf('docs/kernel-facts.md', /^(?!fact$|---)/))
  checkTests(`docs/kernel-facts.md: ${fact}`, tests);

const sources = '{bench,client,common,daemon,native,scripts,test}/**/*.{ts,c,h,sh}';
for (const path of globSync(sources, { cwd: top, exclude: ['native/build/**'] })) {
  for (const [cited] of read(path).matchAll(/\bT[1-9]\d?\b/g))
    if (!numbers.has(cited)) complain(`${path} cites ${cited}, which has no row in docs/traps.md`);
}
