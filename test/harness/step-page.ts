// The steps that docs/step-by-step.md shows, beside those that explain prints.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repository } from './daemon.ts';
import type { Suite } from './suite.ts';

export const stepPage = 'docs/step-by-step.md';

export interface Block {
  readonly language: string;
  readonly text: string;
}

export function blocksOf(path: string): Block[] {
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

/** Without what differs from machine to machine. */
function normal({ name, detail }: Step): Step {
  return {
    name,
    detail: detail
      .replace(/liker-[0-9a-f]{8}\/ID/g, 'liker-HASH/ID')
      .replace(/\b\d{6,10}-\d{6,10}\b/g, 'RANGE')
      .replace(/\b(uid|gid) \d{6,10}\b/g, '$1 N')
      .replace(/\(size=\d{7}\)/, '(size=N)')
      .replace(/\(\d+ bytes\)/, '(N bytes)')
      .replace(/(at most|at least|filter of) \d+/, '$1 N'),
  };
}

/** What explain prints, with the paths of the page. */
async function explained({ ok, daemon, rootfs }: Suite, userns: string): Promise<Step[]> {
  const flags = ['--userns', userns, '--network', 'none', '-it', '--rm', '-m', '64m'];
  const json = await ok(['run', '--dry-run', '--format', 'json', ...flags, rootfs, 'bash']);
  const { Steps } = JSON.parse(json) as { Steps: { Name: string; Detail: string }[] };
  return Steps.map(({ Name, Detail }) =>
    normal({
      name: Name,
      detail: Detail.replaceAll(rootfs, '/srv/rootfs')
        .replaceAll(daemon.root, '/var/lib/liker')
        .replaceAll(daemon.run, '/run/liker'),
    }),
  );
}

/** Whether the machine's control groups are those of the page. */
export const hasPagesCgroups = async (s: Suite): Promise<boolean> =>
  (await s.ok(['info', '--format', '{{.CgroupLayout}}'])) === 'v2';

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

/** Tests that the page is true of this machine; on others than those with cgroup v2, except for its control groups. */
export function stepPageTests(s: Suite): void {
  const counted = async (steps: readonly (Step | '…')[]) => {
    const whole = await hasPagesCgroups(s);
    return steps.filter((step) => whole || step === '…' || !ofCgroups(step));
  };
  const printed = async (userns: string) =>
    (await counted(await explained(s, userns))).filter((step) => step !== '…');

  test('the steps of the page are those that explain prints', async (t) => {
    if (!(await hasPagesCgroups(s)))
      t.diagnostic('control groups are not compared: the page shows those of v2');
    const actual = await printed('host');
    const shown = await counted(shownSteps(stepPage, 'host'));
    assert.ok(shown.length > 45, `too few steps: ${shown.length}`);
    assertShown(shown, actual);
    const last = shown.at(-1);
    assert.ok(last && last !== '…' && same(last, actual.at(-1)), 'the last step is shown');
  });

  test('the steps of the page for a user namespace are those that explain prints', async (t) => {
    const problem = await s.ok(['info', '--format', '{{.UserNamespaces.Problem}}']);
    if (problem !== '') return t.skip(problem);
    const actual = await printed('auto');
    const shown = await counted(shownSteps(stepPage, 'auto'));
    assertShown(shown, actual.slice(actual.findIndex(({ name }) => name === 'clone')));
    const names = new Set(shown.map((step) => (step === '…' ? '' : step.name)));
    const usual = new Set((await printed('host')).map(({ name }) => name));
    const missing = actual.filter(({ name }) => !usual.has(name) && !names.has(name));
    assert.deepEqual(missing, [], 'every step of a user namespace is shown');
  });
}
