import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { repository } from './daemon.ts';

const run = promisify(execFile);
const modules = join(repository, 'node_modules');

/** Packs the library and installs it in a folder, with what it depends on. Resolves to the names of that. */
export async function installLibrary(folder: string): Promise<string[]> {
  const builder = ['--no-warnings', join(repository, 'scripts/build-library.ts'), '--output', folder];
  const { stdout } = await run(process.execPath, builder, {
    env: { ...process.env, PATH: `${join(modules, '.bin')}:${process.env['PATH']}` },
  });
  const library = join(folder, 'node_modules/liker');
  mkdirSync(library, { recursive: true });
  await run('tar', ['xzf', stdout.trim(), '--strip-components=1', '-C', library]);
  const { dependencies } = JSON.parse(readFileSync(join(library, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  linkPackages(folder, modules, [...Object.keys(dependencies), '@grpc/proto-loader', '@types/node']);
  return Object.keys(dependencies);
}

/** Makes packages of another folder of modules those of this one. */
export function linkPackages(folder: string, from: string, names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true });
    symlinkSync(join(from, name), join(folder, 'node_modules', name));
  }
}
