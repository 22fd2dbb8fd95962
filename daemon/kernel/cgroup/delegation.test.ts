import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Delegation, findDelegation, folderIn, ownsAll, whyUndelegated } from './delegation.ts';
import type { Hierarchy } from './mounts.ts';

const top = mkdtempSync(join(tmpdir(), 'lk-delegation-'));
after(() => rmSync(top, { recursive: true }));

const v2: Hierarchy = { version: 2, controllers: [], name: '', root: '/', mountPoint: top };
const v1 = (...controllers: string[]): Hierarchy => ({ ...v2, version: 1, controllers });

/** A folder that looks like a cgroup of which everything was given away, except for `kept`. */
function delegate(path: string, kept = ''): string {
  const folder = join(top, path);
  mkdirSync(folder, { recursive: true });
  for (const file of ['cgroup.procs', 'cgroup.subtree_control'])
    if (file !== kept) writeFileSync(join(folder, file), '');
  return folder;
}
const find = (hierarchies: readonly Hierarchy[], own: string, asked?: string) =>
  findDelegation(hierarchies, { own, asked });

test("likerd's own cgroup, the one above its leaf, or the one that was asked for", () => {
  const folder = delegate('user/liker.service');
  const wanted: Delegation = { hierarchy: v2, path: '/user/liker.service', folder, onV1: [] };
  assert.deepEqual(find([v2], '/user/liker.service'), wanted);
  assert.deepEqual(find([v2], '/user/liker.service/daemon'), wanted);
  assert.deepEqual(find([v2], '/elsewhere', '/user/liker.service'), wanted);
  delegate('daemonic/daemon');
  assert.equal(typeof find([v2], '/daemonic/daemon/daemon'), 'object');
  assert.deepEqual(find([v1('memory'), v1('cpu', 'cpuacct'), v2], '/user/liker.service'), {
    ...wanted,
    onV1: ['memory', 'cpu', 'cpuacct'],
  });
});

test('what is not given away whole is not delegated, and the remedy is a unit; with most controllers on v1 also the boot', () => {
  const unit =
    /^likerd runs without root, and the cgroup '\/part' is not delegated to its user; start it in a unit of systemd that has \[Service\] Delegate=yes .*'systemd-run --user .* likerd'$/;
  for (const kept of ['cgroup.procs', 'cgroup.subtree_control']) {
    delegate('part', kept);
    assert.match(String(find([v2], '/part')), unit, kept);
    rmSync(join(top, 'part'), { recursive: true });
  }
  assert.match(String(find([v2], '/part')), unit, 'it is gone');
  // Nothing of the machine's root is written in the fake one.
  assert.match(String(find([v2], '/daemon')), /the cgroup '\/' is not delegated/);
  assert.match(
    String(find([v1('memory'), v2], '/part')),
    /likerd', and boot with 'systemd.unified_cgroup_hierarchy=1', since most controllers are on cgroup v1 here$/,
  );
});

test('cgroup v1 alone cannot be delegated', () => {
  for (const hierarchies of [[v1('memory')], []])
    assert.match(
      String(find(hierarchies, '/')),
      /cgroup v1 cannot be delegated to a user; boot with 'systemd.unified_cgroup_hierarchy=1'$/,
    );
});

test('a mount that shows a part of the tree has the cgroup at its own place', () => {
  const part: Hierarchy = { ...v2, root: '/user.slice' };
  assert.equal(folderIn(part, '/user.slice/a'), `${top}/a`);
  assert.equal(folderIn(part, '/user.slice'), top);
  assert.equal(folderIn(v2, '/'), top);
  assert.equal(folderIn(v2, '/a'), `${top}/a`);
});

test('a controller is missing because it is on v1, by its name there, or was not given to users', () => {
  const delegation: Delegation = { hierarchy: v2, path: '/u', folder: '/cg/u', onV1: ['blkio', 'memory'] };
  for (const controller of ['memory', 'io'])
    assert.deepEqual(whyUndelegated(delegation, controller), {
      why: 'it is on cgroup v1 here, which cannot be delegated',
      remedy: "boot with 'systemd.unified_cgroup_hierarchy=1'",
    });
  const { why, remedy } = whyUndelegated(delegation, 'cpuset');
  assert.equal(why, '/cg/u/cgroup.controllers does not have it');
  assert.match(remedy, /systemctl edit user@\.service.*Delegate=cpu cpuset io memory pids/);
});

test('whoever may write at the top of every hierarchy needs no delegation', () => {
  assert.equal(ownsAll([v2, v1('memory')]), true);
  assert.equal(ownsAll([v2, { ...v1('memory'), mountPoint: join(top, 'nowhere') }]), false);
});
