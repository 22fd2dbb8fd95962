import { badArgument, LikerError } from '../../../../common/errors.ts';
import { parseCpuList } from '../../../../common/units.ts';
import { fieldOf, type Knob, type KnobContext, oneFile } from '../knobs.ts';
import type { Resources } from '../resources.ts';

/** v2 takes CPUs that do not exist and then quietly uses the parent's; v1 says EACCES or EINVAL. Both are told here. */
function requireAvailable(knob: string, file: string, text: string | null, context: KnobContext): void {
  if (text === null) return;
  const wanted = parseCpuList(text, fieldOf(knob));
  const available = context.readParent(context.version === 2 ? `${file}.effective` : file);
  if (available === null || available === '') return;
  const present = new Set(parseCpuList(available, fieldOf(knob)));
  const absent = wanted.filter((index) => !present.has(index));
  if (absent.length === 0) return;
  throw new LikerError(
    'LIMIT_REFUSED',
    `Cannot set ${knob} to '${text}': ${absent.join(',')} is not available; available: ${available}`,
    { field: fieldOf(knob), metadata: { controller: 'cpuset', knob, requested: text, available } },
  );
}

const cpus = oneFile('cpuset.cpus', ({ cpu }) => cpu.cpusetCpus);
const mems = oneFile('cpuset.mems', ({ cpu }) => cpu.cpusetMems);
const partition = oneFile('cpuset.cpus.partition', ({ cpu }) => cpu.cpusetPartition);
const partitions = ['member', 'root', 'isolated'];

function checkPartition({ cpu: { cpusetPartition } }: Resources): void {
  if (cpusetPartition === null || partitions.includes(cpusetPartition)) return;
  throw badArgument(
    fieldOf('cpu.cpuset_partition'),
    `Invalid cpu.cpuset_partition '${cpusetPartition}': give ${partitions.join(', ')}`,
  );
}

/** Which CPUs and memory nodes may be used; before the other knobs of the scheduler. */
export const cpusetKnobs: readonly Knob[] = [
  {
    name: 'cpu.cpuset_cpus',
    controller: 'cpuset',
    requested: ({ cpu }) => cpu.cpusetCpus,
    v1: cpus,
    v2: cpus,
    check: ({ cpu }, context) => requireAvailable('cpu.cpuset_cpus', cpus.file, cpu.cpusetCpus, context),
  },
  {
    name: 'cpu.cpuset_mems',
    controller: 'cpuset',
    requested: ({ cpu }) => cpu.cpusetMems,
    v1: mems,
    v2: mems,
    check: ({ cpu }, context) => requireAvailable('cpu.cpuset_mems', mems.file, cpu.cpusetMems, context),
  },
  {
    name: 'cpu.cpuset_partition',
    controller: 'cpuset',
    requested: ({ cpu }) => cpu.cpusetPartition,
    v1: null,
    // The kernel takes the word and then says "root invalid (…)" when it is none.
    v2: { ...partition, refusal: (effective) => (effective.includes('invalid') ? effective : null) },
    check: checkPartition,
  },
];
