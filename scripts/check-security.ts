// Every test that docs/security.md names exists, and every CVE that docs/traps.md, code or a test cites is in docs/security.md.
import { globSync } from 'node:fs';
import { checkTests, complain, read, rowsOf, top } from './named-tests.ts';

const document = 'docs/security.md';
const cve = /\bCVE-\d{4}-\d{4,}\b/g;

for (const [cves = '', , , tests = ''] of rowsOf(document, /^CVE-/))
  checkTests(`${document}: ${cves}`, tests);

const known = new Set(read(document).match(cve));
const sources = '{bench,client,common,daemon,native,scripts,test}/**/*.{ts,c,h,sh}';
for (const path of ['docs/traps.md', ...globSync(sources, { cwd: top, exclude: ['native/build/**'] })])
  for (const [cited] of read(path).matchAll(cve))
    if (!known.has(cited)) complain(`${path} cites ${cited}, which ${document} does not name`);
