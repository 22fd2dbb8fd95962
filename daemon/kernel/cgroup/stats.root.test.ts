// Figures read from real cgroups, as mounted and as on a machine with v1 alone; in test/vm on pure v2 and pure v1.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { after, test } from 'node:test';
import { eventually, limits, startIn } from '../../test/cgroups.ts';
import { Cgroups } from './cgroups.ts';
import { parseHierarchies } from './mounts.ts';
import { StatsReader } from './stats/reader.ts';

const mib = 2 ** 20;
const mountinfo = readFileSync('/proc/self/mountinfo', 'latin1');
const mounted = parseHierarchies(mountinfo);
const isHybrid = new Set(mounted.map(({ version }) => version)).size === 2;
const scenes = [
  { name: 'as mounted', mountinfo },
  ...(isHybrid ? [{ name: 'v1 only', mountinfo: mountinfo.replace(/^.* - cgroup2 .*$\n/gm, '') }] : []),
];

/** Paths of the files that this process has open. */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
}

for (const [index, scene] of scenes.entries()) {
  const parent = `liker-stats-${process.pid}-${index}`;
  const cgroups = Cgroups.open({ parent, mountinfo: scene.mountinfo });
  after(() => cgroups.close());

  test(`the usage of a process is reported, ${scene.name}`, async () => {
    const resources = limits({
      memory: { maxBytes: 64 * mib },
      pids: { max: 33 },
      cpu: { quotaUs: 5_000, periodUs: 100_000 },
    });
    const cgroup = await cgroups.create('c', resources, { allDevices: true });
    const reader = new StatsReader(cgroup.stats());
    const open = () => openFiles().filter((path) => path.includes(`/${parent}/c/`)).length;
    try {
      await startIn(cgroup, 'x=$(printf %1000000s x); while :; do :; done');
      // Time in user mode is counted in ticks.
      await eventually('it has its memory, runs and is throttled', () => {
        const { cpu, memory } = reader.read(true);
        const runs = (cpu.usage?.userUs ?? 0) > 0 && (cpu.throttling?.throttledUs ?? 0) > 0;
        return runs && (memory?.anonBytes ?? 0) > 0.9 * mib;
      });
      const { cpu, memory, pids } = reader.read(true);
      assert.ok(cpu.usage && cpu.usage.usageUs > 0);
      assert.ok((cpu.throttling?.periods ?? 0) >= (cpu.throttling?.throttledPeriods ?? 0));
      assert.ok(memory && memory.usageBytes > (memory.anonBytes ?? 0));
      assert.equal(memory.limitBytes, 64 * mib);
      assert.ok(memory.workingSetBytes !== null && memory.fileBytes !== null && memory.kernelBytes !== null);
      assert.equal(memory.oomKills, 0);
      assert.deepEqual([pids?.limit, (pids?.current ?? 0) > 0], [33, true]);
      assert.ok(open() >= 10, 'files stay open');
    } finally {
      reader.close();
      assert.equal(open(), 0, 'they are closed');
      await cgroup.kill();
      await cgroup.remove();
    }
    assert.equal(reader.read(false).memory, null, 'of a cgroup that is gone nothing is told');
  });
}
