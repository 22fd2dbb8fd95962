import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isAlive, linkOf, pids } from '../harness/proc.ts';
import type { Suite } from '../harness/suite.ts';
import { until } from '../harness/until.ts';

/** What an ordinary user's containers have where a cgroup v2 was delegated to him: `s` is such a suite. */
export function delegatedTests(s: Suite): void {
  const folderOf = async (id: string): Promise<string> => (await s.inspect(id)).CgroupPaths['v2'] ?? '';
  const offers = (controller: string): boolean => {
    const own = join(readFolder(s.daemon.pid), '..');
    return readFileSync(join(own, 'cgroup.controllers'), 'utf8').split(/\s+/).includes(controller);
  };

  test('each has a cgroup below that of likerd, and nowhere else', async () => {
    const id = await s.detached([], ['sleep', '1000']);
    const paths = (await s.inspect(id)).CgroupPaths;
    assert.deepEqual(Object.keys(paths), ['v2']);
    assert.ok((await folderOf(id)).includes(`/${s.user.name}/liker-`));
    assert.equal(await s.ok(['exec', id, 'sh', '-c', 'grep ^0: /proc/self/cgroup']), '0::/exec-1');
    await s.ok(['rm', '-f', id]);
    assert.equal(existsSync(paths['v2'] ?? ''), false);
  });

  test('pause stops all progress, and a kill reaches paused processes and all that hide', async () => {
    for (const flags of [[], ['--pid', 'host']]) {
      const script = 'i=0; (setsid sleep 1000 &); while :; do i=$((i+1)); echo $i >/count; done';
      const id = await s.detached([...flags, '--name', 'busy'], ['sh', '-c', script]);
      const { Pid } = (await s.inspect(id)).State;
      const namespace = linkOf(Pid, 'ns/mnt');
      await until('some progress', async () => Number(await s.ok(['exec', id, 'cat', '/count'])) > 5);
      await s.ok(['pause', id]);
      assert.match(readFileSync(join(await folderOf(id), 'cgroup.events'), 'utf8'), /frozen 1/);
      await s.ok(['unpause', id]);
      await s.ok(['pause', id]);
      await s.ok(['kill', id]);
      const left = () => pids().filter((pid) => isAlive(pid) && linkOf(pid, 'ns/mnt') === namespace);
      await until('the end of all', () => left().length === 0);
      await s.ok(['wait', id]);
      await s.ok(['rm', id]);
    }
  });

  test('a limit is applied if its controller was delegated, and refused with the reason if not', async () => {
    if (offers('memory')) {
      const id = await s.detached(
        ['--memory', '64m', '--pids-limit', '20', '--cpus', '0.5'],
        ['sleep', '1000'],
      );
      const read = async (file: string) => readFileSync(join(await folderOf(id), file), 'utf8').trim();
      assert.deepEqual(
        [await read('memory.max'), await read('pids.max'), await read('cpu.max')],
        [String(64 * 2 ** 20), '20', '50000 100000'],
      );
      const bomb = 'for i in $(seq 40); do sleep 1000 & done; wait';
      await s.likerctl(['exec', '-d', id, 'bash', '-c', bomb]);
      await until('the limit of processes to be met', async () =>
        /max [1-9]/.test(await read('pids.events')),
      );
      await s.ok(['rm', '-f', id]);
      const full = await s.run(
        ['--memory', '32m'],
        ['sh', '-c', 'head -c 100m /dev/zero | tail -c 90m >/dev/null; echo $?'],
      );
      assert.match(`${full.code} ${full.stdout}`, /137/);
      return;
    }
    const { code, stderr } = await s.run(['--memory', '64m'], ['true']);
    assert.equal(code, 125);
    assert.match(
      stderr,
      /'memory' is missing: it is on cgroup v1 here, which cannot be delegated; boot with 'systemd.unified_cgroup_hierarchy=1'/,
    );
    assert.match(
      await s.ok(['info']),
      /^ {2}limits of .*memory.*: it is on cgroup v1 here, which cannot be delegated; boot/m,
    );
  });

  test('another likerd comes back to them, even from a cgroup outside, in which it can start none', async () => {
    const id = await s.detached(['--name', 'goes-on'], ['sleep', '1000']);
    await s.ok(['pause', id]);
    await s.daemon.kill9();
    // A cgroup with controllers for others takes no process: the next likerd is where the test is.
    await s.daemon.start();
    const isOutside = !readFolder(s.daemon.pid).includes(`/${s.user.name}/`);
    assert.equal((await s.inspect(id)).State.Status, 'paused');
    await s.ok(['unpause', id]);
    const { code, stderr } = await s.run([], ['true']);
    assert.equal(code, isOutside ? 125 : 0, stderr);
    if (isOutside)
      assert.match(stderr, /it was started outside the cgroup that was delegated to it; start it there/);
    await s.ok(['rm', '-f', id]);
    assert.equal(existsSync(await folderOf(id).catch(() => '')), false);
  });
}

/** The folder of a process's cgroup on v2. */
function readFolder(pid: number): string {
  const path = /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '';
  const mount = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .find((line) => line.includes(' - cgroup2 '));
  return join(mount?.split(' ')[4] ?? '', path);
}
