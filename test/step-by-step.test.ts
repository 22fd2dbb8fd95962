// docs/step-by-step.md and its translation show what explain prints, and their commands work.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { repository } from './harness/daemon.ts';
import { environment } from './harness/likerctl.ts';
import { requiresProgram } from './harness/requires.ts';
import { suite } from './harness/suite.ts';

const s = suite();
const work = mkdtempSync(join(tmpdir(), 'lk-step-doc-'));
// Others enter it, too.
chmodSync(work, 0o755);
after(() => rmSync(work, { recursive: true, force: true }));

const pages = ['docs/step-by-step.md', 'docs/step-by-step.zh.md'];
const [page = ''] = pages;

interface Block {
  readonly language: string;
  readonly text: string;
}

function blocksOf(path: string): Block[] {
  const doc = readFileSync(join(repository, path), 'utf8');
  return [...doc.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({
    language,
    text,
  }));
}

interface Step {
  readonly name: string;
  readonly detail: string;
}

/** A step in a page, or `…`: any number of steps. */
const stepLine = /^ +(?:(\d+) {3}(\S+) +(.*)|(…))$/;

/** The steps that a page shows, in the part before its section on user namespaces, or in that. */
function shownSteps(path: string, part: 'host' | 'auto'): (Step | '…')[] {
  const blocks = blocksOf(path).filter(({ language }) => language === '');
  const lists = blocks
    .map(({ text }) => text.split('\n'))
    .filter((lines) => lines.some((line) => stepLine.test(line)));
  const chosen = part === 'host' ? lists.slice(0, -1) : lists.slice(-1);
  return chosen.flat().flatMap((line): (Step | '…')[] => {
    const [found, , name = '', detail = '', gap] = stepLine.exec(line) ?? [];
    if (found === undefined) return [];
    return [gap === undefined ? { name, detail } : '…'];
  });
}

/** What differs from machine to machine. */
function normal({ name, detail }: Step): Step {
  return {
    name,
    detail: detail
      .replaceAll(s.rootfs, '/srv/rootfs')
      .replaceAll(s.daemon.root, '/var/lib/liker')
      .replaceAll(s.daemon.run, '/run/liker')
      .replace(/liker-[0-9a-f]{8}\/ID/g, 'liker-HASH/ID')
      .replace(/\b\d{6,10}-\d{6,10}\b/g, 'RANGE')
      .replace(/\b(uid|gid) \d{6,10}\b/g, '$1 N')
      .replace(/\(size=\d{7}\)/, '(size=N)')
      .replace(/\(\d+ bytes\)/, '(N bytes)')
      .replace(/(at most|at least|filter of) \d+/, '$1 N'),
  };
}

async function explained(userns: string): Promise<Step[]> {
  const flags = ['--userns', userns, '-it', '--rm', '-m', '64m'];
  const json = await s.ok(['run', '--dry-run', '--format', 'json', ...flags, s.rootfs, 'bash']);
  const { Steps } = JSON.parse(json) as { Steps: { Name: string; Detail: string }[] };
  return Steps.map(({ Name, Detail }) => normal({ name: Name, detail: Detail }));
}

/** Whether the machine's control groups are those of the page. */
const isV2 = async () => (await s.ok(['info', '--format', '{{.CgroupLayout}}'])) === 'v2';

/** Steps that are others where there are hierarchies of v1. */
function ofCgroups({ name, detail }: Step): boolean {
  return (
    ['make-cgroup', 'limit', 'devices', 'join-cgroup', 'cgroups'].includes(name) ||
    /\/sys\/fs\/cgroup/.test(detail)
  );
}

/** The steps of a page are those of the machine; where it has a gap, some are left out. */
function assertShown(shown: readonly (Step | '…')[], actual: readonly Step[]): void {
  let at = 0;
  for (const [index, step] of shown.entries()) {
    if (step === '…') {
      const next = shown[index + 1];
      assert.ok(next !== undefined && next !== '…');
      const end = actual.findIndex((one, place) => place >= at && same(next, one));
      assert.ok(end >= at, `not printed after a gap: ${next.name} ${next.detail}`);
      at = end;
    } else {
      assert.ok(
        same(step, actual[at]),
        `${JSON.stringify(step)}\nis printed as\n${JSON.stringify(actual[at])}`,
      );
      at += 1;
    }
  }
}

/** A detail that ends with … is only begun. */
function same(shown: Step, actual: Step | undefined): boolean {
  const { name, detail } = normal(shown);
  if (actual?.name !== name) return false;
  return detail.endsWith(' …') ? actual.detail.startsWith(detail.slice(0, -2)) : actual.detail === detail;
}

test('the steps are those that explain prints', async (t) => {
  const whole = await isV2();
  if (!whole) t.diagnostic('control groups are not compared: the page shows those of v2');
  const counts = (step: Step | '…') => whole || step === '…' || !ofCgroups(step);
  const actual = (await explained('host')).filter(counts);
  const shown = shownSteps(page, 'host').filter(counts);
  assert.ok(shown.length > 45, `too few steps: ${shown.length}`);
  assertShown(shown, actual);
  const last = shown.at(-1);
  assert.ok(last && last !== '…' && same(last, actual.at(-1)), 'the last step is shown');
});

test('the steps for a user namespace are those that explain prints', async (t) => {
  const problem = await s.ok(['info', '--format', '{{.UserNamespaces.Problem}}']);
  if (problem !== '') return t.skip(problem);
  const whole = await isV2();
  const counts = (step: Step | '…') => whole || step === '…' || !ofCgroups(step);
  const actual = (await explained('auto')).filter(counts);
  const shown = shownSteps(page, 'auto').filter(counts);
  const first = actual.findIndex(({ name }) => name === 'clone');
  assertShown(shown, actual.slice(first));
  const names = new Set(shown.map((step) => (step === '…' ? '' : step.name)));
  const usual = new Set((await explained('host')).map(({ name }) => name));
  const missing = actual.filter(({ name }) => !usual.has(name) && !names.has(name));
  assert.deepEqual(missing, [], 'every step of a user namespace is shown');
});

test('both languages show the same', () => {
  const [english = [], chinese = []] = pages.map(blocksOf);
  assert.deepEqual(chinese, english);
});

/** Types the blocks into a shell, which ends at the first command that fails, and all that it started with it. */
async function typed(blocks: readonly Block[]): Promise<string> {
  const input = blocks.map(({ text }) => text).join('');
  const child = spawn(
    'unshare',
    ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc', 'bash'],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {
        ...environment(s.daemon, { PATH: `${join(repository, 'bin')}:${process.env['PATH']}` }),
        SHELLOPTS: 'errexit',
      },
      timeout: 120_000,
    },
  );
  child.stdin.end(input.replaceAll('/tmp/by-hand', join(work, 'by-hand')));
  return text(child.stdout);
}

function expected(blocks: readonly Block[]): string {
  return [
    ...blocks
      .map(({ text }) => text)
      .join('')
      .matchAll(/^#> (.*\n)/gm),
  ]
    .map(([, line]) => line)
    .join('');
}

const tools = requiresProgram('unshare', 'setpriv', 'pivot_root', 'ip').skip;

test('the commands make a container by hand', { skip: tools }, async (t) => {
  const whole = await isV2();
  if (!whole) t.diagnostic('without the commands for control groups, which are those of v2');
  const all = blocksOf(page).filter(({ language }) => language === 'sh');
  const session = all.slice(0, -1).map(({ language, text }) => ({
    language,
    text: whole
      ? text.replaceAll('cgroup/by-hand', 'cgroup/liker-by-hand')
      : text.replace(/^.*\/sys\/fs\/cgroup\/.*\n/gm, ''),
  }));
  assert.equal(await typed(session), expected(session));
});

test('the commands make a user namespace by hand', { skip: tools }, async () => {
  const [session] = blocksOf(page)
    .filter(({ language }) => language === 'sh')
    .slice(-1);
  assert.ok(session);
  assert.equal(await typed([session]), expected([session]));
});
