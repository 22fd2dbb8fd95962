import { badArgument } from '../../../../common/errors.ts';
import { pageSizeName, parseBytes } from '../../../../common/units.ts';
import type { Resources as ProtoResources } from '../../../../proto/gen/types/liker/v1/Resources.ts';
import { limitsOf, type Resources } from '../../../engine/containers/model/resources.ts';
import { given, plain, required } from './text.ts';

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

/** A size of huge pages as the kernel writes it: 2m, 2MB and 2048k are all 2MB. */
function parsePageSize(text: string, field: string): string {
  const bytes = parseBytes(required(text, field), field);
  const isPowerOfTwo = bytes >= 4096 && Number.isInteger(Math.log2(bytes));
  if (!isPowerOfTwo) {
    throw badArgument(field, `Invalid ${field} '${text}': give a size of huge pages such as 2MB or 1GB`);
  }
  return pageSizeName(bytes);
}
