import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { after, before, describe, test } from 'node:test';
import { deviceNumbers } from '../../common/device-numbers.ts';
import { cgroupFile } from '../harness/cpu.ts';
import { until } from '../harness/until.ts';
import type { Effects, Running } from './effects.ts';
import { FairDisk } from './fair-disk.ts';

const mib = 2 ** 20;

/** Bytes read from a disk, as the kernel counts them: "7:0 Read 4096" on v1, "7:0 rbytes=4096 wbytes=0" on v2. */
function bytesRead(container: Running, disk: string): number {
  const text =
    cgroupFile(container, 'blkio', 'blkio.bfq.io_service_bytes') ??
    cgroupFile(container, 'io', 'io.stat') ??
    '';
  return Number(new RegExp(`^${disk} (?:Read |.*rbytes=)(\\d+)`, 'm').exec(text)?.[1] ?? 0);
}

export function blockIoEffects(effects: Effects): void {
  const { suite: s } = effects;
  /** The disk of the containers' layers. */
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
    let fair: FairDisk | undefined;
    before(() => {
      writeFileSync(join(s.rootfs, 'data'), Buffer.alloc(4 * mib, 'x'), { flush: true });
      fair = new FairDisk(s.daemon.home);
    });
    after(() => fair?.remove());

    // The burst at the beginning of a throttle's slice may be free.
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
          // Unless others are using the disk or the CPU just now.
          await until(
            'it takes less time without a limit',
            async () => (await limited(flag, '0', dd)) < seconds,
          );
        },
      });
    }

    effects.effect({
      knobs: ['io.latency_us'],
      what: 'takes effect',
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

    describe('weights', { concurrency: 1 }, () => {
      for (const [knob, flag, value] of [
        ['io.weight', '--blkio-weight', (weight: number) => String(weight)],
        ['io.weight_devices', '--blkio-weight-device', (weight: number) => `${fair?.number}:${weight}`],
      ] as const) {
        effects.effect({
          knobs: [knob],
          what: 'of two containers on a disk with bfq, the one with 1000 reads far more than the one with 10',
          needs: () => fair?.problem ?? '',
          async prove() {
            const node = fair?.node ?? '';
            const number = fair?.number ?? '';
            const dd = `dd if=${node} bs=256k iflag=direct of=/dev/null`;
            const run = (weight: number) => ({
              flags: ['--device', node, flag, value(weight)],
              script: `for i in 1 2 3; do ${dd} & done; wait`,
            });
            const look = async (light?: Running, heavy?: Running): Promise<void> => {
              assert.ok(light && heavy);
              const read = () => [bytesRead(light, number), bytesRead(heavy, number)] as const;
              await until('both read', () => read().every((bytes) => bytes > mib));
              // In one of several periods: while the CPU is the bottleneck, the weights of the disk have no effect.
              let last = read();
              await until('more than three times as much', async () => {
                await until('128 MiB', () => read()[0] + read()[1] > last[0] + last[1] + 128 * mib);
                const now = read();
                const [a, b] = [now[0] - last[0], now[1] - last[1]];
                last = now;
                return b > 3 * a;
              });
            };
            // Also in the other order.
            await effects.running([run(10), run(1000)], look);
            await effects.running([run(1000), run(10)], (heavy, light) => look(light, heavy));
          },
        });
      }
    });

    test('a container that is killed does not wait for its own limits', async (context) => {
      if (needs() !== '') return context.skip(needs());
      const dd = ['dd', 'if=/dev/zero', 'of=/out', 'bs=1M', 'count=16', 'conv=fsync'];
      const id = await s.detached(['--device-write-bps', `${disk()}:64k`], dd);
      const out = join(s.daemon.root, 'containers', id, 'upper/out');
      await until('all to wait for the disk', () => statSync(out).size === 16 * mib);
      assert.equal(await effects.isRunning(id), true);
      const started = performance.now();
      await s.ok(['rm', '-f', id]);
      // Throttled, its 16 MB take more than four minutes.
      assert.ok(performance.now() - started < 60_000);
    });
  });
}
