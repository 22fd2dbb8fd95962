import { badArgument } from '../../../common/errors.ts';
import { parseCpuList } from '../../../common/units.ts';
import type { CpuResources } from '../../../proto/gen/types/liker/v1/CpuResources.ts';
import type { MemoryResources } from '../../../proto/gen/types/liker/v1/MemoryResources.ts';
import type { PidsResources } from '../../../proto/gen/types/liker/v1/PidsResources.ts';
import type { Resources as ProtoResources } from '../../../proto/gen/types/liker/v1/Resources.ts';
import type { Resources } from '../../engine/container/spec.ts';
import { inRange, limit } from './text.ts';

/** Docker's least: with less, hardly anything starts. */
const leastMemoryBytes = 6 * 1024 * 1024;

export function parseResources(resources: ProtoResources | null, field: string): Resources {
  return {
    cpu: parseCpu(resources?.cpu ?? null, `${field}.cpu`),
    memory: parseMemory(resources?.memory ?? null, `${field}.memory`),
    pids: parsePids(resources?.pids ?? null, `${field}.pids`),
  };
}

/** Null for what is not set; otherwise the checked value. */
function ifSet<T>(value: T | undefined, check: (value: T) => T): T | null {
  return value === undefined ? null : check(value);
}

function parseCpu(cpu: CpuResources | null, field: string): Resources['cpu'] {
  const list = (name: string) => (text: string) => {
    parseCpuList(text, `${field}.${name}`);
    return text;
  };
  return {
    shares: ifSet(cpu?.shares, (value) => inRange(value, 2, 262_144, `${field}.shares`)),
    quotaUs: ifSet(cpu?.quotaUs, (value) => limit(value, 1000, `${field}.quota_us`)),
    periodUs: ifSet(cpu?.periodUs, (value) => inRange(value, 1000, 1_000_000, `${field}.period_us`)),
    cpusetCpus: ifSet(cpu?.cpusetCpus, list('cpuset_cpus')),
    cpusetMems: ifSet(cpu?.cpusetMems, list('cpuset_mems')),
  };
}

function parseMemory(memory: MemoryResources | null, field: string): Resources['memory'] {
  const maxBytes = ifSet(memory?.maxBytes, (value) => limit(value, leastMemoryBytes, `${field}.max_bytes`));
  const swapField = `${field}.memory_swap_bytes`;
  const memorySwapBytes = ifSet(memory?.memorySwapBytes, (value) => limit(value, 0, swapField));
  if (memorySwapBytes !== null && memorySwapBytes !== -1) {
    if (maxBytes === null || maxBytes === -1) {
      throw badArgument(swapField, `Invalid ${swapField}: it needs a memory limit, max_bytes, as well`);
    }
    if (memorySwapBytes < maxBytes) {
      throw badArgument(
        swapField,
        `Invalid ${swapField} ${memorySwapBytes}: it is memory plus swap, so at least max_bytes, ${maxBytes}`,
      );
    }
  }
  return { maxBytes, memorySwapBytes };
}

/** The kernel's pids.max ends at PID_MAX_LIMIT. */
function parsePids(pids: PidsResources | null, field: string): Resources['pids'] {
  const check = (value: number): number => (value === -1 ? -1 : inRange(value, 1, 4_194_304, `${field}.max`));
  return { max: ifSet(pids?.max, check) };
}
