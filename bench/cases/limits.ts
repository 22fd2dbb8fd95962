import { cpus } from 'node:os';
import type { ResourcesInput } from '../../proto/gen/types/liker/v1/Resources.ts';
import { interleave } from '../measure.ts';
import { medianOf, rowsOf } from '../report.ts';
import type { Case } from './case.ts';

const mebibyte = 2 ** 20;

const tenLimits: ResourcesInput = {
  cpu: {
    shares: 512,
    quotaUs: 100_000,
    periodUs: 100_000,
    cpusetCpus: `0-${cpus().length - 1}`,
    cpusetMems: '0',
  },
  memory: {
    maxBytes: 256 * mebibyte,
    memorySwapBytes: 256 * mebibyte,
    reservationBytes: 64 * mebibyte,
  },
  pids: { max: 100 },
  io: { weight: 100 },
};

/** The cost that ten limits, written and read back, add to a start. */
export const limitsCase: Case = async ({ lab, quick }) => {
  const spec = { rootfs: { directory: lab.rootfs }, process: { args: ['/bin/true'] } };
  const limited = { ...spec, resources: tenLimits, limits: 'LIMITS_MODE_BEST_EFFORT' } as const;
  const contestants = [
    { name: 'liker, no limit', run: async () => ({ ms: (await lab.client.run(spec)).endMs }) },
    { name: 'liker, ten limits', run: async () => ({ ms: (await lab.client.run(limited)).endMs }) },
  ];
  const samples = await interleave(contestants, { rounds: quick ? 100 : 500, warmUp: quick ? 50 : 100 });
  const rows = rowsOf(samples, 'liker, no limit');
  const without = medianOf(rows, 'liker, no limit');
  return {
    name: 'limits',
    title: 'create + start + wait + remove of /bin/true with ten limits',
    unit: 'ms',
    rows,
    notes: [],
    aims: [
      {
        work: 'the same with ten limits, each read back',
        row: 'liker, ten limits',
        limit: without === null ? null : without + 1,
        bound: '1 ms more than without',
      },
    ],
  };
};
