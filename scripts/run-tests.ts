// Runs the tests: unit tests two files at a time; end-to-end tests in test/ one by one, since they compare
// the machine's mounts and cgroups before and after; virtual machines beside both; and last the tests that measure the CPU.
// Prints what was skipped and why, which limit was proved on which cgroup layout, and a closing line of counts.
// In CI, a file that failed runs a second time, alone: see `secondTries`.
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { effectRecords, effectTable } from '../test/effects/table.ts';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** The files of npm run endurance take longer. */
const fileMinutes = Number(process.env['LIKER_FILE_MINUTES'] ?? 15);
/** How long npm run fuzz tries each parser. */
const fuzzSeconds = Number(process.env['LIKER_FUZZ_SECONDS'] ?? 0);

interface Group {
  readonly patterns: readonly string[];
  readonly concurrency: number;
  readonly testTimeoutMs: number;
}

const endToEnd = (pattern: string): Group => ({
  patterns: [pattern],
  concurrency: 1,
  testTimeoutMs: fileMinutes * 60_000,
});
const units: Group = {
  patterns: ['{bench,common,client,daemon,fuzz,library,native,proto,scripts}/**/*.test.ts'],
  concurrency: Math.min(2, availableParallelism()),
  testTimeoutMs: 120_000 + fuzzSeconds * 4000,
};
/** What has a connection to a daemon: once more by the wire that likerctl does not take by itself. */
const otherWire: Group = { ...units, patterns: ['client/{connection,session}/**/*.test.ts'] };
/** Sessions: once more as users start them, by the program in C. */
const ofUsers: Group = { ...units, patterns: ['client/session/**/*.test.ts'] };
/** likerd dies and comes back: once more by that wire, too. */
const endsByOtherWire = endToEnd('test/{client-return,daemon-death}.test.ts');
/** What depends on the way of a session's bytes: once more with those that likerctl exchanges with the shim. */
const otherBytes = endToEnd('test/{daemon-death,terminal}.test.ts');
/** What is not left to Node.js: once more with that for everything. */
const otherRuntime = endToEnd('test/{client-return,run,terminal}.test.ts');
/** They have their own mounts and cgroups, and keep one CPU busy for minutes. */
const machines = endToEnd('test/vm/*.test.ts');
/** They measure how CPUs are shared, or use all of them. */
const measuring = endToEnd('test/{limits,limits-effect,scale,sessions-proof,stats}.test.ts');
const others = endToEnd('test/**/*.test.ts');

/** Preloaded into each test file: its output blocks, so that none is lost when the process ends after its last test. */
const blockingOutput = 'process.stdout._handle?.setBlocking?.(true)';

function filesOf({ patterns }: Group, except: readonly Group[] = []): string[] {
  const exclude = ['**/node_modules/**', ...except.flatMap((group) => group.patterns)];
  const all = globSync([...patterns], { exclude }).sort();
  return wanted.length === 0 ? all : all.filter((file) => wanted.some((name) => file.includes(name)));
}

async function runFiles(files: string[], group: Group, print: (text: string) => void): Promise<void> {
  if (files.length === 0) return;
  const { concurrency, testTimeoutMs } = group;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => settings.includes(name)));
  const stream = run({
    files,
    concurrency,
    timeout: testTimeoutMs, // of a test
    // Handles that a test leaves open, above all a failed one, do not keep the file from ending.
    forceExit: true,
    execArgv: ['--disable-warning=ExperimentalWarning', '--import', `data:text/javascript,${blockingOutput}`],
  });
  stream.on('test:summary', ({ file, counts: seen, success, duration_ms: ms }) => {
    // One summary for each file, then one for all of them.
    const failed = seen.tests - seen.passed - seen.skipped - seen.todo;
    if (file !== undefined) {
      const name = relative(process.cwd(), file);
      times.push({ file: name, seconds: Math.round(ms / 1000) });
      if (!success) failures.push({ file: name, tests: Math.max(1, failed), group, env });
      return;
    }
    counts.passed += seen.passed;
    counts.failed += success ? failed : Math.max(1, failed);
    counts.skipped += seen.skipped + seen.todo;
  });
  // The counts have no suites, whose tests are not there when they are skipped.
  stream.on('test:pass', ({ details, skip }) => {
    if (details.type === 'suite' && skip !== undefined && skip !== false) counts.skipped += 1;
  });
  for await (const text of stream.compose(new spec())) print(text);
  for (const file of files.filter((name) => !times.some((told) => told.file === name))) {
    print(`✖ ${file} ended before it had told all of its tests\n`);
    counts.failed += 1;
  }
}

const wanted = process.argv.slice(2).map((name) => name.replace(/^\.\//, ''));
// Written by each test of limits as it ends.
const notes = mkdtempSync(join(tmpdir(), 'liker-tests-'));
const effects = join(notes, 'effects');
writeFileSync(effects, '');
process.env['LIKER_EFFECTS'] = effects;
// Otherwise every file, and every likerctl of the unit tests, strips the same types again: a third of their time.
process.env['NODE_COMPILE_CACHE'] = join(import.meta.dirname, '../dist/test-cache');

/** They choose which way is tested. */
const settings = ['LIKER_WIRE', 'LIKER_BYTES', 'LIKER_RUNTIME', 'LIKER_TEST_CLIENT'];

interface Failure {
  readonly file: string;
  readonly tests: number;
  readonly group: Group;
  readonly env: NodeJS.ProcessEnv;
}

/** More files than this have a common cause. */
const mostSecondTries = 5;

/**
 * In CI, a file that failed runs once more when nothing runs beside it: one of thousands of tests that share two CPUs with
 * virtual machines would refuse a change that has nothing to do with it. The first failure stays in the log, and the last
 * line names the file: it has a fault to mend.
 */
async function secondTries(): Promise<string[]> {
  const firstTries = failures.splice(0);
  if (process.env['CI'] !== 'true' || firstTries.length > mostSecondTries) return [];
  const passed: string[] = [];
  for (const { file, tests, group, env } of firstTries) {
    print(`\n${file} failed; its second try:\n`);
    const before = { ...counts };
    for (const name of settings) delete process.env[name];
    Object.assign(process.env, env);
    await runFiles([file], group, print);
    const isPassed = counts.failed === before.failed && counts.passed > before.passed;
    Object.assign(counts, before);
    if (!isPassed) continue;
    counts.failed -= tests;
    counts.passed += tests;
    passed.push(file);
  }
  return passed;
}

const failures: Failure[] = [];
const times: { readonly file: string; readonly seconds: number }[] = [];
const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
const print = (text: string) => void process.stdout.write(text);

async function oneByOne(): Promise<void> {
  await runFiles(filesOf(units), units, print);
  await onceMore('LIKER_WIRE', 'grpc', otherWire);
  await onceMore('LIKER_TEST_CLIENT', 'built', ofUsers);
  await runFiles(filesOf(others, [machines, measuring]), others, print);
  await onceMore('LIKER_WIRE', 'grpc', endsByOtherWire);
  await onceMore('LIKER_BYTES', 'likerd', otherBytes);
  await onceMore('LIKER_RUNTIME', 'node', otherRuntime);
}

async function onceMore(setting: string, value: string, group: Group): Promise<void> {
  if (process.env[setting] !== undefined) return;
  process.env[setting] = value;
  await runFiles(filesOf(group), group, print);
  delete process.env[setting];
}

const toldBeside: string[] = [];
await Promise.all([runFiles(filesOf(machines), machines, (text) => toldBeside.push(text)), oneByOne()]);
print(toldBeside.join(''));
await runFiles(filesOf(measuring), measuring, print);
const unsteady = await secondTries();
for (const line of effectTable(effectRecords(readFileSync(effects, 'utf8')))) console.log(line);
rmSync(notes, { recursive: true });
const slowest = times.sort((a, b) => b.seconds - a.seconds).slice(0, 12);
console.log(`slowest: ${slowest.map(({ file, seconds }) => `${file} ${seconds} s`).join(', ')}`);
const onSecond = unsteady.length > 0 ? `; passed only on a second try: ${unsteady.join(', ')}` : '';
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped${onSecond}`);
if (counts.passed + counts.failed === 0)
  console.log('No test file matches: give a part of a file name, or nothing');
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
