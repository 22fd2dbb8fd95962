import type { Resources as ProtoResources } from '../../../../proto/gen/types/liker/v1/Resources.ts';
import { limitsOf, type Resources } from '../../../engine/containers/model/resources.ts';
import { parsePageSize } from './page-size.ts';
import { plain, required } from './text.ts';

/** The limits of a container, or of a change to it; what is not set is none. */
export function parseResources(resources: ProtoResources | null, field: string): Resources {
  const { cpu, memory, pids, hugetlb = [], io, network, cgroup } = resources ?? {};
  return limitsOf({
    cpu: cpu ? given(cpu, ['burstUs']) : {},
    memory: memory
      ? given(memory, ['lowBytes', 'minBytes', 'swapHighBytes', 'zswapMaxBytes', 'swappiness'])
      : {},
    // 0 is no limit.
    pids: { max: pids?.max === 0 ? -1 : pids?.max },
    hugetlb: hugetlb.map(({ pageSize, ...limits }, index) => ({
      pageSize: parsePageSize(pageSize, `${field}.hugetlb[${index}].page_size`),
      ...plain(limits),
    })),
    io: io ? { ...given(io), weightDevices: io.weightDevices.filter(({ value }) => value !== 0) } : {},
    network: network ? plain(network) : {},
    cgroup: cgroup
      ? {
          ...plain(cgroup),
          settings: cgroup.settings.map(({ file, value }, index) => ({
            file: required(file, `${field}.cgroup.settings[${index}].file`),
            value,
          })),
        }
      : {},
  });
}

/**
 * The fields that are set. 0 and the empty text count as unset: Docker's clients send them for every limit that was not given.
 * `zeroIsSet` names the fields in which 0 is a limit, or removes one.
 */
function given<T extends object>(message: T, zeroIsSet: readonly (keyof T)[] = []) {
  const set = Object.entries(plain(message)).filter(
    ([name, value]) => (value !== 0 && value !== '') || zeroIsSet.includes(name as keyof T),
  );
  return Object.fromEntries(set) as Partial<ReturnType<typeof plain<T>>>;
}
