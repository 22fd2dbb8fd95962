import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { promisify } from 'node:util';
import { repository } from './daemon.ts';
import { installLibrary, linkPackages } from './library-package.ts';
import { requires } from './requires.ts';

/** Where scripts/setup installs the packages of test/examples. */
export const exampleModules = join(repository, 'dist/examples/node_modules');

/** Options of a test of an example. */
export const requiresPackages = requires(
  'what `npm ci` installs in test/examples',
  existsSync(join(exampleModules, '../.installed-lock')),
);

/** Copies a folder of examples to one that has the packed library and the packages, checks its types and resolves to it. */
export async function installExample(name: string, packages: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'lk-example-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  await installLibrary(folder);
  linkPackages(folder, exampleModules, packages);
  cpSync(join(repository, 'examples', name), folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const compilerOptions = {
    strict: true,
    noEmit: true,
    module: 'nodenext',
    target: 'esnext',
    types: ['node'],
    allowImportingTsExtensions: true,
    skipLibCheck: true,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  await promisify(execFile)(join(repository, 'node_modules/.bin/tsc'), ['-p', folder]).catch(({ stdout }) => {
    throw new Error(`The types of ${name} are wrong: ${stdout}`);
  });
  return folder;
}
