import { spawn, spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { bundle } from '../../scripts/deb/bundle.ts';
import { effectHelpers } from '../effects/all.ts';
import { repository } from '../harness/daemon.ts';
import { compiled } from '../harness/rootfs.ts';

export type Layout = 'v1' | 'v2';

/** A test result from the machine. */
export interface Told {
  readonly name: string;
  readonly passed: boolean;
  /** Why it was skipped; empty if it was not. */
  readonly skipped: string;
  /** The lines after the result, which say why it failed. */
  readonly details: readonly string[];
}

const program = join(import.meta.dirname, 'run-in-vm');
const seconds = 900;
/** Longer than the default, since the machine is slower. */
const hangMs = 240_000;
const mostDetails = 60;

/** Why no virtual machine can be booted here, or false. Downloads its kernel if necessary. */
export function missing(): string | false {
  const { status, stdout } = spawnSync(program, ['--check'], { encoding: 'utf8' });
  return status === 0 ? false : stdout.trim() || 'run-in-vm --check failed';
}

/**
 * Test suites for a machine: the engine, with or without the effects of every limit; the tests of the kernel adapters; labels of
 * security modules; likerd of an ordinary user.
 */
export type Part = 'engine' | 'effects' | 'adapters' | 'labels' | 'rootless';

/** Runs parts of guest.ts in a machine whose cgroups have that layout. `kernel`: for its command line. */
export async function runInVm(
  layout: Layout,
  parts: readonly Part[],
  { kernel = '' }: { readonly kernel?: string } = {},
): Promise<{ told: Told[]; output: string; status: number | null }> {
  const adapters = globSync('daemon/kernel/cgroup/*.root.test.ts', { cwd: repository });
  // In the machine, compiling C or reading a hundred modules would each take as long as all tests.
  for (const helper of effectHelpers) compiled(helper);
  const guest = join(repository, `dist/vm/${[layout, ...parts].join('-')}.mjs`);
  await bundle({
    top: repository,
    entry: 'test/vm/guest.ts',
    outfile: guest,
    external: ['node-pty', '@xterm/headless'],
  });
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', '--test-reporter=tap'];
  const names = parts.flatMap((part) =>
    part === 'adapters' ? adapters.map((file) => basename(file, '.root.test.ts')) : [part],
  );
  // A disk and swap for the limits that concern them.
  const devices = layout === 'v2' ? ['-d', '1024', '-s', '256'] : [];
  const options = ['-g', layout, '-k', kernel, '-C', repository, '-t', String(seconds), ...devices];
  const env = [`LIKER_TEST_LAYOUT=${layout}`, 'LIKER_TEST_IN_PROCESS=1', `LIKER_HANG_MS=${hangMs}`].flatMap(
    (variable) => ['-e', variable],
  );
  const child = spawn(program, [...options, ...env, '--', ...node, guest, ...names], {
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
