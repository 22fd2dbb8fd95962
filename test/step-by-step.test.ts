// docs/step-by-step.md and its translation show what explain prints, and their commands work.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { repository } from './harness/daemon.ts';
import { environment } from './harness/likerctl.ts';
import { requiresProgram } from './harness/requires.ts';
import { type Block, blocksOf, hasPagesCgroups, stepPage, stepPageTests } from './harness/step-page.ts';
import { suite } from './harness/suite.ts';
import { hangMs } from './harness/until.ts';

const s = suite();
const work = mkdtempSync(join(tmpdir(), 'lk-step-doc-'));
// Others enter it, too.
chmodSync(work, 0o755);
after(() => rmSync(work, { recursive: true, force: true }));

const pages = [stepPage, 'docs/step-by-step.zh.md'];

stepPageTests(s);

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
      timeout: 2 * hangMs,
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
  const whole = await hasPagesCgroups(s);
  if (!whole) t.diagnostic('without the commands for control groups, which are those of v2');
  const group = '/sys/fs/cgroup/liker-by-hand';
  // The last commands remove it, unless one before them fails.
  t.after(() => existsSync(group) && rmdirSync(group));
  const all = blocksOf(stepPage).filter(({ language }) => language === 'sh');
  const session = all.slice(0, -1).map(({ language, text }) => ({
    language,
    text: whole
      ? text.replaceAll('cgroup/by-hand', 'cgroup/liker-by-hand')
      : text.replace(/^.*\/sys\/fs\/cgroup\/.*\n/gm, ''),
  }));
  assert.equal(await typed(session), expected(session));
});

test('the commands make a user namespace by hand', { skip: tools }, async () => {
  const [session] = blocksOf(stepPage)
    .filter(({ language }) => language === 'sh')
    .slice(-1);
  assert.ok(session);
  assert.equal(await typed([session]), expected([session]));
});
