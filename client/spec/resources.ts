import { badArgument } from '../../common/errors.ts';
import { parseBytes, parseCpus } from '../../common/units.ts';
import type { CpuResourcesInput } from '../../proto/gen/types/liker/v1/CpuResources.ts';
import type { MemoryResourcesInput } from '../../proto/gen/types/liker/v1/MemoryResources.ts';
import type { ResourcesInput } from '../../proto/gen/types/liker/v1/Resources.ts';
import type { FlagValues } from '../cli/flag.ts';

/** Limits from the flags; what was not asked for stays unset. */
export function parseResources(flags: FlagValues): ResourcesInput {
  const pids = flags.int('pids-limit');
  return {
    cpu: parseCpu(flags),
    memory: parseMemory(flags),
    pids: pids === undefined ? null : { max: pids === 0 ? -1 : pids },
  };
}

function parseCpu(flags: FlagValues): CpuResourcesInput {
  const cpus = flags.text('cpus');
  if (cpus !== undefined && (flags.has('cpu-quota') || flags.has('cpu-period'))) {
    throw badArgument(
      'cpus',
      'Cannot use --cpus together with --cpu-quota or --cpu-period: they say the same',
    );
  }
  const quota = cpus === undefined ? undefined : parseCpus(cpus, 'cpus');
  return defined({
    shares: flags.int('cpu-shares'),
    quotaUs: quota?.quotaUs ?? flags.int('cpu-quota'),
    periodUs: quota?.periodUs ?? flags.int('cpu-period'),
    cpusetCpus: flags.text('cpuset-cpus'),
    cpusetMems: flags.text('cpuset-mems'),
  });
}

function parseMemory(flags: FlagValues): MemoryResourcesInput {
  return defined({ maxBytes: bytes(flags, 'memory'), memorySwapBytes: bytes(flags, 'memory-swap') });
}

function bytes(flags: FlagValues, name: string): number | undefined {
  const text = flags.text(name);
  return text === undefined ? undefined : parseBytes(text, name, { allowUnlimited: true });
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Without the keys that are undefined. */
export function defined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}
