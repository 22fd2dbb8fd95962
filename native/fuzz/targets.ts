import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { seeds } from './seeds.ts';

const native = join(import.meta.dirname, '..');
const built = join(native, 'build/fuzz');

/** A target of libFuzzer: native/fuzz/NAME.c. */
export interface Target {
  readonly name: string;
  readonly program: string;
  /** The inputs found so far on this machine; they are kept between runs. */
  readonly corpus: string;
  /** Inputs that are kept with the source: one a line, in base64. */
  readonly kept: string;
}

export const targets: readonly Target[] = globSync('*.c', { cwd: import.meta.dirname })
  .map((file) => basename(file, '.c'))
  .filter((name) => name !== 'kernel')
  .sort()
  .map((name) => ({
    name,
    program: join(built, name),
    corpus: join(built, 'corpus', name),
    kept: join(import.meta.dirname, 'corpus', `${name}.txt`),
  }));

export function build(): void {
  execFileSync('make', ['-s', '-C', native, 'fuzz'], { stdio: ['ignore', 'inherit', 'inherit'] });
}

/** Puts the target's seeds and kept inputs into its corpus. Returns the number of kept inputs. */
export function fillCorpus(target: Target): number {
  mkdirSync(target.corpus, { recursive: true });
  const kept = readFileSync(target.kept, 'latin1').split('\n').filter(Boolean);
  const made = seeds[target.name]?.() ?? [];
  for (const bytes of [...made, ...kept.map((line) => Buffer.from(line, 'base64'))]) {
    // The names that libFuzzer gives.
    const name = createHash('sha1').update(bytes).digest('hex');
    writeFileSync(join(target.corpus, name), bytes);
  }
  return kept.length;
}

/** Keeps with the source the smallest inputs of the corpus that reach, together, what all of it reaches. */
export function keepCorpus(target: Target): void {
  const small = `${target.corpus}.small`;
  rmSync(small, { recursive: true, force: true });
  mkdirSync(small);
  execFileSync(target.program, ['-merge=1', '-max_len=1024', small, target.corpus], { stdio: 'ignore' });
  const lines = readdirSync(small).map((file) => readFileSync(join(small, file)).toString('base64'));
  lines.sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  writeFileSync(target.kept, `${lines.join('\n')}\n`);
  rmSync(small, { recursive: true });
}
