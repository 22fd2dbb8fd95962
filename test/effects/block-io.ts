import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { deviceNumbers } from '../../daemon/kernel/cgroup/controllers/block-device.ts';
import type { Effects } from './effects.ts';

const mib = 2 ** 20;

export function blockIoEffects(effects: Effects): void {
  const { suite: s } = effects;
  /** The disk that containers' layers are on. */
  const disk = (): string => {
    const { major, minor } = deviceNumbers(statSync(s.daemon.root).dev);
    return existsSync(`/sys/dev/block/${major}:${minor}/queue`) ? `${major}:${minor}` : '';
  };
  const limited = async (flag: string, value: string, dd: string): Promise<number> => {
    const script = `s=\${EPOCHREALTIME/./}; dd ${dd} 2>/dev/null && echo $((\${EPOCHREALTIME/./} - s))`;
    return Number(await s.sh([`--${flag}`, `${disk()}:${value}`], script)) / 1e6;
  };
  const file = 'if=/data bs=64k iflag=direct of=/dev/null';
  const needs = () => (disk() === '' ? 'the layers are on no disk' : '');

  describe('block IO', { concurrency: 4 }, () => {
    before(() => writeFileSync(join(s.rootfs, 'data'), Buffer.alloc(4 * mib, 'x'), { flush: true }));

    // What is sent at once at the beginning of a slice of the throttle may be free.
    for (const [knob, flag, value, dd, least] of [
      ['io.write_bps', 'device-write-bps', '1mb', 'if=/dev/zero of=/out bs=64k count=40 oflag=direct', 2],
      ['io.write_iops', 'device-write-iops', '20', 'if=/dev/zero of=/out bs=4k count=40 oflag=direct', 1.5],
      ['io.read_bps', 'device-read-bps', '1mb', `${file} count=40`, 2],
      ['io.read_iops', 'device-read-iops', '20', `${file} count=40`, 1.5],
    ] as const) {
      effects.effect({
        knobs: [knob],
        what: `direct IO is held to ${value}`,
        needs,
        async prove() {
          const seconds = await limited(flag, value, dd);
          assert.ok(seconds >= least, `${seconds} s`);
          const free = await limited(flag, '0', dd);
          assert.ok(free < seconds, `${free} s without a limit, ${seconds} s with it`);
        },
      });
    }

    effects.effect({
      knobs: ['io.weight'],
      what: 'is in force',
      onlyValue: () => 'felt only below the scheduler bfq',
      prove: () =>
        effects.running([{ flags: ['--blkio-weight', '300'], script: 'sleep 1000' }], async ({ limits }) => {
          const limit = limits.find(({ knob }) => knob === 'io.weight');
          assert.match(readFileSync(limit?.file ?? '', 'utf8'), /\b(300|2930)\b/);
        }),
    });

    effects.effect({
      knobs: ['io.weight_devices'],
      what: 'is in force',
      needs,
      onlyValue: () => 'felt only below the scheduler bfq',
      async prove() {
        const flags = ['--blkio-weight-device', `${disk()}:300`, '--limits', 'best-effort'];
        await effects.running([{ flags, script: 'sleep 1000' }], async ({ limits }) => {
          const limit = limits.find(({ knob }) => knob === 'io.weight_devices');
          // The kernel takes it only for a disk with that scheduler, and says so.
          if (limit?.file === '') return;
          assert.match(readFileSync(limit?.file ?? '', 'utf8'), /\b(300|2930)\b/);
        });
      },
    });

    effects.effect({
      knobs: ['io.latency_us'],
      what: 'is in force',
      needs,
      onlyValue: () => 'felt only by the neighbours of a slow disk',
      prove: () =>
        effects.running(
          [{ flags: ['--io-latency', `${disk()}:5ms`], script: 'sleep 1000' }],
          async ({ limits }) => {
            const limit = limits.find(({ knob }) => knob === 'io.latency_us');
            assert.match(readFileSync(limit?.file ?? '', 'utf8'), /target=5000\b/);
          },
        ),
    });

    test('a container that is killed does not wait for its own limits', async (context) => {
      if (needs() !== '') return context.skip(needs());
      const dd = ['dd', 'if=/dev/zero', 'of=/out', 'bs=1M', 'count=16', 'conv=fsync'];
      const id = await s.detached(['--device-write-bps', `${disk()}:64k`], dd);
      await sleep(500);
      assert.equal(await effects.isRunning(id), true);
      const started = performance.now();
      await s.ok(['rm', '-f', id]);
      // Its 16 MB would take it more than four minutes.
      assert.ok(performance.now() - started < 60_000);
    });
  });
}
