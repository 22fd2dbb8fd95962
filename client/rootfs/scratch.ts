import { chmodSync, copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { badArgument } from '../../common/errors.ts';
import { isElf, readElf } from './elf.ts';
import { type Program, wantedProgram } from './programs.ts';
import type { Provider } from './provider.ts';

/** Nothing but static programs, in /bin. */
export function scratch(names: readonly string[]): Provider {
  if (names.length === 0)
    throw badArgument(
      'with',
      'Cannot build a root file system from nothing: name static programs with --with',
    );
  const programs = names.map((name) => wantedProgram(name));
  for (const program of programs) requireStatic(program);
  const told = programs.length === 1 ? '1 static program' : `${programs.length} static programs`;
  return {
    doing: `Copying ${told}`,
    needsEmpty: false,
    async fill(folder) {
      const bin = join(folder, 'bin');
      mkdirSync(bin, { recursive: true });
      chmodSync(bin, 0o755);
      for (const { name, path } of programs) {
        copyFileSync(path, join(bin, name));
        chmodSync(join(bin, name), 0o755);
      }
      return told;
    },
  };
}

function requireStatic({ name, path }: Program): void {
  const bytes = readFileSync(path);
  if (isElf(bytes) && readElf(bytes, path).interpreter === undefined) return;
  throw badArgument(
    'with',
    `Cannot add '${name}' to a root file system of static programs: ${path} needs an interpreter or libraries; leave --provider out, which copies them too`,
  );
}
