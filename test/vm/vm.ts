import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { bundle } from '../../scripts/deb/bundle.ts';
import { effectHelpers } from '../effects/all.ts';
import { repository } from '../harness/daemon.ts';
import { compiled } from '../harness/rootfs.ts';

export type Layout = 'v1' | 'v2';

/** Which machine, as run-in-vm has them. */
export interface Machine {
  readonly kernel: 'uml' | 'qemu';
  readonly layout: Layout | 'hybrid';
}

const uml: Machine = { kernel: 'uml', layout: 'v2' };

/** A test result from the machine. */
export interface Told {
  readonly name: string;
  readonly passed: boolean;
  /** Why it was skipped; empty if it was not. */
  readonly skipped: string;
  /** The lines after the result, which say why it failed. */
  readonly details: readonly string[];
}

/** What a machine has told. `status`: of Node.js in it; 124 if the machine was out of time, 125 if it failed. */
export interface Ran {
  readonly told: readonly Told[];
  readonly output: string;
  readonly status: number | null;
}

const program = join(import.meta.dirname, 'run-in-vm');
/** As for every test file (scripts/run-tests.ts): for the machine, and for a test that runs one. */
const minutes = Number(process.env['LIKER_FILE_MINUTES'] ?? 15);
export const machineTimeout = { timeout: (minutes + 1) * 60_000 };
/** Longer than the default, since the machine is slower. */
const hangMs = minutes * 15_000;
const mostDetails = 60;

/** Why no virtual machine can be booted here, or false. Downloads its kernel if necessary. */
export function missing({ kernel }: Pick<Machine, 'kernel'> = uml): string | false {
  const { status, stdout } = spawnSync(program, ['-M', kernel, '--check'], { encoding: 'utf8' });
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
): Promise<Ran> {
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
  const names = parts.flatMap((part) =>
    part === 'adapters' ? adapters.map((file) => basename(file, '.root.test.ts')) : [part],
  );
  // A disk and swap for the limits that concern them.
  const devices = layout === 'v2' ? ['-d', '1024', '-s', '256'] : [];
  const env = [`LIKER_TEST_LAYOUT=${layout}`];
  return tests([guest, ...names], { options: ['-g', layout, '-k', kernel, ...devices], env });
}

interface FileOptions {
  /** Default: user-mode-linux that has only cgroup v2. */
  readonly machine?: Machine;
  /** Only tests whose names, with those of their suites, match. */
  readonly pattern?: string | undefined;
  /** A disk that stays, for the next machine. */
  readonly disk?: string;
  readonly env?: readonly string[];
}

/** Runs a file with tests in a machine. What it would build is built before: the repository can only be read there, and there is no network. */
export async function runFileInVm(
  file: string,
  { machine: { kernel, layout } = uml, pattern, disk, env: more = [] }: FileOptions = {},
): Promise<Ran> {
  for (const helper of staticPrograms()) compiled(helper);
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const compileCache = process.env['NODE_COMPILE_CACHE'] ?? '';
  const env = [`XDG_CACHE_HOME=${cache}`, `NODE_COMPILE_CACHE=${compileCache}`, ...more];
  // Its disk is a sparse file. Daemons need a file system whose mounts can be idmapped, which tmpfs is since Linux 6.3.
  return tests([file], {
    options: [
      ...['-M', kernel, '-g', layout, '-m', '3072', '-d', '4096'],
      ...(disk === undefined ? [] : ['-D', disk]),
    ],
    env,
    ...(pattern !== undefined && { pattern }),
  });
}

/** Those of test/fixtures that `compiled` can make. */
function staticPrograms(): string[] {
  return globSync('test/fixtures/*.c', { cwd: repository })
    .filter((file) => /^int main\b/m.test(readFileSync(join(repository, file), 'utf8')))
    .map((file) => basename(file, '.c'));
}

/** Runs Node.js on a file with tests, and its arguments, in a machine. */
async function tests(
  words: readonly string[],
  {
    options,
    env,
    pattern,
  }: { readonly options: readonly string[]; readonly env: readonly string[]; readonly pattern?: string },
): Promise<Ran> {
  const flags = ['--disable-warning=ExperimentalWarning', '--test-reporter=tap'];
  const node = [
    process.execPath,
    ...flags,
    ...(pattern === undefined ? [] : [`--test-name-pattern=${pattern}`]),
  ];
  const given = ['LIKER_TEST_IN_PROCESS=1', `LIKER_HANG_MS=${hangMs}`, ...env].flatMap((variable) => [
    '-e',
    variable,
  ]);
  const machine = ['-C', repository, '-t', String(minutes * 60), ...options, ...given];
  const child = spawn(program, [...machine, '--', ...node, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [output, errors, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { told: parseTap(output), output: output + errors, status };
}

/** Tells each test of a machine as one of `context`; of fewer than `least` the machine has not run all. */
export async function tellAll(context: TestContext, { told, output, status }: Ran, least = 1): Promise<void> {
  for (const { name, passed, skipped, details } of told)
    await context.test(name, { skip: skipped === '' ? false : skipped }, () =>
      assert.ok(passed, details.join('\n')),
    );
  assert.ok(told.length >= least, `too few tests were run:\n${output}`);
  assert.equal(status, 0, output.slice(-8000));
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
