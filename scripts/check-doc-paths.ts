// Every path of the repository that a document names must exist, so that a moved file shows which documents to update.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const top = join(import.meta.dirname, '..');

/** Also a pattern, as in test/failure-injection*.test.ts, but no placeholder, as in client/commands/NAME.ts. */
const pathPattern =
  /(?<![\w./-])(?:bench|client|common|daemon|examples|library|native|proto|python|scripts|test)\/[\w./*-]*[\w/*]/g;

for (const document of globSync('{*,docs/*,docs/adr/*}.md', { cwd: top })) {
  for (const [path] of readFileSync(join(top, document), 'utf8').matchAll(pathPattern)) {
    if (path.includes('NAME') || globSync(path, { cwd: top }).length > 0) continue;
    console.error(`${document} names '${path}', which does not exist`);
    process.exitCode = 1;
  }
}
