// What a container's control groups do not reach, and what others may do to them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { attachDeviceFilter } from '../../daemon/native/libliker.ts';
import { isAlive, readProc, residentBytes } from '../harness/proc.ts';
import { until } from '../harness/until.ts';
import { hostileSuite, inBothModes } from './modes.ts';
import { workFolder } from './root.ts';

const s = hostileSuite();
const work = workFolder();

/** eBPF: r0 = 1; exit. */
const allowAll = Buffer.from('b7000000010000009500000000000000', 'hex');

/** What systemd does at daemon-reload to a unit without DeviceAllow=: everything is allowed there. */
function reloadDevices(paths: Readonly<Record<string, string>>): void {
  const { devices, v2 = '' } = paths;
  if (devices === undefined) {
    attachDeviceFilter(dirname(v2), allowAll);
    return;
  }
  try {
    writeFileSync(join(dirname(devices), 'devices.allow'), 'a');
  } catch (error) {
    // The kernel does not let a v1 group that has others below it allow everything.
    assert.match(String(error), /EINVAL/);
  }
}

inBothModes(
  'T47: the rules for devices of the groups above, set anew, neither open nor take a device',
  async ({ flags }, t) => {
    if (!existsSync('/dev/fuse') || !existsSync('/dev/loop-control'))
      return t.skip('needs /dev/fuse and /dev/loop-control, which this machine lacks');
    const nodes = join(work, 'nodes');
    if (!existsSync(nodes)) {
      execFileSync('mkdir', [nodes]);
      execFileSync('mknod', ['-m', '666', join(nodes, 'kept'), 'c', '10', '237']);
    }
    const look = '(: </dev/fuse) && echo given; (: </nodes/kept) 2>&1 | grep -o "[^:]*$"';
    const given = [...flags, '-v', `${nodes}:/nodes`, '--device', '/dev/fuse'];
    const expected = 'given\n Operation not permitted';
    // Only the rules for devices keep the node closed.
    assert.equal(await s.sh([...given, '--device-cgroup-rule', 'c 10:237 r'], `${look}; true`), 'given');
    const id = await s.detached(given, ['sleep', '100000']);
    assert.equal(await s.ok(['exec', id, 'bash', '-c', look]), expected);
    reloadDevices((await s.inspect(id)).CgroupPaths);
    assert.equal(await s.ok(['exec', id, 'bash', '-c', look]), expected);
    await s.ok(['restart', '-t', '0', id]);
    assert.equal(await s.ok(['exec', id, 'bash', '-c', look]), expected);
    await s.ok(['rm', '-f', id]);
  },
);

inBothModes(
  "T56: no memory of a container's processes or output ends its shim, likerd or another container",
  async ({ flags }) => {
    const beside = await s.detached(flags, ['sleep', '100000']);
    const daemon = s.daemon.pid;
    const hungry = [
      // Pages of its own, of a tmpfs, of its arguments; and more output than anybody reads.
      'exec tail /dev/zero',
      'exec dd if=/dev/zero of=/dev/shm/x bs=1M count=60',
      'x=$(head -c 100000 /dev/zero | tr "\\0" x); while :; do x=$x$x; done',
      'yes "a line that nobody reads" | head -c 50000000; exec tail /dev/zero',
    ];
    for (const script of hungry) {
      const id = await s.detached([...flags, '-m', '32m', '--shm-size', '100m'], ['bash', '-c', script]);
      const { ShimPid } = (await s.inspect(id)).State;
      const groups = readProc(ShimPid, 'cgroup');
      assert.ok(ShimPid === 0 || !groups.includes(id), groups);
      let most = 0;
      await until('the kernel to end it', async () => {
        most = Math.max(most, residentBytes(ShimPid));
        return !(await s.inspect(id)).State.Running;
      });
      const { State } = await s.inspect(id);
      assert.deepEqual([State.ExitCode, State.OOMKilled, State.Status], [137, true, 'exited'], script);
      assert.ok(most < 8 << 20, `the shim had ${most} bytes`);
      await s.ok(['rm', id]);
    }
    assert.ok(isAlive(daemon) && s.daemon.pid === daemon);
    assert.equal(await s.ok(['exec', beside, 'echo', 'still here']), 'still here');
    await s.ok(['rm', '-f', beside]);
  },
);

inBothModes(
  'T58: an exec that meets a pause is refused or waits for its end, and never hangs',
  async ({ flags }) => {
    const id = await s.detached(flags, ['sleep', '100000']);
    await s.ok(['pause', id]);
    for (const more of [[], ['-d'], ['-u', '1000'], ['-w', '/tmp']]) {
      const { code, stderr } = await s.likerctl(['exec', ...more, id, 'true']);
      assert.equal(code, 125, stderr);
      assert.match(stderr, /it is paused; unpause it first\n$/);
    }
    await s.ok(['unpause', id]);
    // The two at the same time, over and over.
    const call = <T>(invoke: (done: (error: unknown, answer?: T) => void) => unknown) =>
      s.api.call<T>(invoke as never);
    for (let i = 0; i < 25; i++) {
      const execs = Array.from({ length: 3 }, () => s.api.exec(id, { args: ['true'] }).end);
      await call((done) => s.api.containers.PauseContainer({ container: id }, done as never));
      await call((done) => s.api.containers.ResumeContainer({ container: id }, done as never));
      for (const outcome of await Promise.allSettled(execs)) {
        if (outcome.status === 'fulfilled') assert.equal(outcome.value?.code, 0);
        else assert.match(String(outcome.reason), /it is paused; unpause it first|a pause is under way/);
      }
    }
    const left = await s.ok(['exec', id, 'ps', '-e', '-o', 'comm=']);
    assert.deepEqual(left.split('\n').toSorted(), ['liker-init', 'ps', 'sleep']);
    await s.ok(['rm', '-f', id]);
  },
);

inBothModes(
  'T58: a start and an exec below a cgroup that others have frozen are refused, too',
  async ({ flags }) => {
    const parent = `liker-jobs-${process.pid}`;
    const below = [...flags, '--cgroup-parent', parent];
    const id = await s.detached(below, ['sleep', '100000']);
    const { CgroupPaths: paths } = await s.inspect(id);
    const { freezer, v2 } = paths;
    for (const [folder = '', file, frozen, thawed] of [
      ...(v2 ? [[v2, 'cgroup.freeze', '1', '0'] as const] : []),
      ...(freezer ? [[freezer, 'freezer.state', 'FROZEN', 'THAWED'] as const] : []),
    ]) {
      const above = dirname(folder);
      writeFileSync(join(above, file), frozen);
      const why = `the cgroup '${above}' above its own is frozen, by something other than Liker; thaw that first\n`;
      try {
        const exec = await s.likerctl(['exec', id, 'true']);
        assert.deepEqual([exec.code, exec.stderr.endsWith(why)], [125, true], exec.stderr);
        const start = await s.run([...below, '--name', 'never'], ['true']);
        assert.equal(start.code, 125);
        assert.equal(start.stderr, `likerctl: Cannot start container 'never': ${why}`);
      } finally {
        writeFileSync(join(above, file), thawed);
      }
      assert.equal(await s.ok(['exec', id, 'echo', 'thawed']), 'thawed');
    }
    await s.ok(['rm', '-f', id]);
    for (const path of Object.values(paths)) rmdirSync(dirname(path));
  },
);

inBothModes('T58: an exec in a container that others have frozen is refused, too', async ({ flags }) => {
  const id = await s.detached(flags, ['sleep', '100000']);
  const { freezer, v2 = '' } = (await s.inspect(id)).CgroupPaths;
  if (freezer === undefined) writeFileSync(join(v2, 'cgroup.freeze'), '1');
  else writeFileSync(join(freezer, 'freezer.state'), 'FROZEN');
  const { code, stderr } = await s.likerctl(['exec', id, 'true']);
  assert.equal(code, 125);
  assert.match(stderr, /: its cgroup is frozen: .*; pause and unpause it\n$/);
  await s.ok(['pause', id]);
  await s.ok(['unpause', id]);
  assert.equal(await s.ok(['exec', id, 'echo', 'thawed']), 'thawed');
  await s.ok(['rm', '-f', id]);
});
