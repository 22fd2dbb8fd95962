import { spawn, spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { repository } from '../harness/daemon.ts';

export type Layout = 'v1' | 'v2';

/** One test as the machine told it. */
export interface Told {
  readonly name: string;
  readonly passed: boolean;
  /** Why it was skipped; empty when it was not. */
  readonly skipped: string;
  /** The lines after it: why it failed. */
  readonly details: readonly string[];
}

const program = join(import.meta.dirname, 'run-in-vm');
const seconds = 900;
/** As much slower as the machine is. */
const hangMs = 240_000;
const mostDetails = 60;

/** Why no virtual machine can be booted here, or false. Fetches its kernel when it is not there yet. */
export function missing(): string | false {
  const { status, stdout } = spawnSync(program, ['--check'], { encoding: 'utf8' });
  return status === 0 ? false : stdout.trim() || 'run-in-vm --check failed';
}

/** Runs test files in a machine whose cgroups have that layout; one after the other, as it has one CPU. `more`: options of run-in-vm. */
export async function runInVm(
  layout: Layout,
  patterns: readonly string[],
  more: readonly string[] = [],
): Promise<{ told: Told[]; output: string; status: number | null }> {
  const files = patterns.flatMap((pattern) => globSync(pattern, { cwd: repository })).sort();
  const each =
    'failed=0; for file; do "$NODE" --disable-warning=ExperimentalWarning --test-reporter=tap "$file" || failed=1; done; exit $failed';
  const options = ['-g', layout, '-C', repository, '-t', String(seconds), ...more];
  const env = [
    '-e',
    `NODE=${process.execPath}`,
    '-e',
    `LIKER_TEST_LAYOUT=${layout}`,
    '-e',
    `LIKER_HANG_MS=${hangMs}`,
  ];
  const child = spawn(program, [...options, ...env, '--', 'sh', '-c', each, 'sh', ...files], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [output, errors, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { told: parseTap(output), output: output + errors, status };
}

/** Every test of TAP text, those within a suite too (https://testanything.org). */
export function parseTap(output: string): Told[] {
  const told: Told[] = [];
  let details: string[] = [];
  for (const line of output.split('\n')) {
    const [, not, name, skip] = /^ *(not )?ok \d+ - (.*?)(?: # SKIP ?(.*))?$/.exec(line) ?? [];
    if (name === undefined) {
      if (details.length < mostDetails) details.push(line);
      continue;
    }
    details = [];
    told.push({ name, passed: not === undefined, skipped: skip ?? '', details });
  }
  return told;
}
