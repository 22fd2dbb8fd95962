// Networks of a machine that is switched off and on: in QEMU, whose kernel has nftables. On request, since that takes 8 minutes without KVM, and as much CPU as
// the other tests have.
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { requiresProgram } from '../harness/requires.ts';
import { machineTimeout, missing, runFileInVm, tellAll } from './vm.ts';

const isWanted = process.env['LIKER_TEST_MACHINE']?.startsWith('qemu') ?? false;
const lacks = isWanted
  ? requiresProgram('iptables', 'nft', 'socat').skip || missing({ kernel: 'qemu' })
  : 'takes 8 minutes without KVM: LIKER_TEST_MACHINE=qemu npm test -- vm/networks';

describe('networks of a virtual machine', { concurrency: 1, skip: lacks }, () => {
  test(
    'are made again after it was switched off and on, with another layout of cgroups',
    machineTimeout,
    async (t) => {
      const disk = join(tmpdir(), `liker-reboot-${process.pid}`);
      try {
        for (const layout of ['v1', 'v2'] as const)
          await tellAll(
            t,
            await runFileInVm('test/vm/reboot.guest.ts', { machine: { kernel: 'qemu', layout }, disk }),
          );
      } finally {
        rmSync(disk, { force: true });
      }
    },
  );
});
