import { invalid, LikerError } from '../../../../common/errors.ts';
import { parseCpuList } from '../../../../common/units.ts';
import { type Knob, type KnobContext, oneFile } from '../knobs.ts';
import type { Resources } from '../resources.ts';

/** v2 accepts CPUs that do not exist and then silently uses the parent's; v1 reports EACCES or EINVAL. Here both are an error. */
function requireAvailable(knob: string, file: string, text: string | null, context: KnobContext): void {
  if (text === null) return;
  const wanted = cpuList(text);
  const available = context.readParent(context.version === 2 ? `${file}.effective` : file);
  if (available === null || available === '') return;
  const present = new Set(cpuList(available));
  const absent = wanted.filter((index) => !present.has(index));
  if (absent.length === 0) return;
  throw new LikerError(
    'LIMIT_REFUSED',
    `Cannot set ${knob} to '${text}': ${absent.join(',')} is not available; available: ${available}`,
    { knob, metadata: { controller: 'cpuset', knob, requested: text, available } },
  );
}

function listKnob(name: string, file: string, of: (resources: Resources) => string | null): Knob {
  const side = oneFile(file, of);
  return {
    name,
    controller: 'cpuset',
    requested: of,
    v1: side,
    v2: side,
    checkValue: (resources, field) => void parseCpuList(of(resources) ?? '', field),
    check: (resources, context) => requireAvailable(name, file, of(resources), context),
  };
}

const partition = oneFile('cpuset.cpus.partition', ({ cpu }) => cpu.cpusetPartition);
const partitions = ['member', 'root', 'isolated'];
const exclusive = 'cpuset.cpus.exclusive.effective';

/** The kernel's form, in which empty is none. */
const cpuList = (text: string | null): number[] => (text ? parseCpuList(text, 'cpuset') : []);

/** Why the cgroup above cannot provide CPUs (cgroup-v2.rst, cpuset.cpus.partition); null if it can. */
function whyNoneFromParent(wanted: readonly number[], { parent, mountPoint, readParent }: KnobContext) {
  if (parent === mountPoint && readParent(partition.file) === null) return null; // the root cgroup
  const state = readParent(partition.file) ?? 'not there yet';
  if (state === 'root' || state === 'isolated') return null;
  // Since Linux 6.7 a cgroup that is no partition can reserve CPUs for one (a remote partition).
  const spare = new Set(cpuList(readParent(exclusive)));
  if (wanted.length > 0 && wanted.every((cpu) => spare.has(cpu))) return null;
  return `the parent cgroup, ${parent}, is not a partition root (it is '${state}') and has no exclusive CPUs to provide`;
}

/** The kernel accepts the word even so, and then reads "root invalid (…)". */
function checkPartition({ cpu: { cpusetPartition, cpusetCpus } }: Resources, context: KnobContext): void {
  const name = 'cpu.cpuset_partition';
  if (cpusetPartition === null || cpusetPartition === 'member') return;
  const wanted = cpuList(cpusetCpus ?? context.read('cpuset.cpus'));
  const path = `${context.parent}/${partition.file}`;
  const [why, remedy] =
    wanted.length === 0
      ? ['it has no CPUs of its own', 'give it some with --cpuset-cpus']
      : [
          whyNoneFromParent(wanted, context),
          `make that one (CPUs into its cpuset.cpus, then root into ${path}), give another --cgroup-parent`,
        ];
  if (why === null) return;
  throw new LikerError(
    'LIMIT_REFUSED',
    `Cannot set ${name} to ${cpusetPartition}: ${why} (controller 'cpuset'); ${remedy}, leave it out, or use --limits best-effort`,
    {
      knob: name,
      metadata: { controller: 'cpuset', knob: name, requested: cpusetPartition, path },
    },
  );
}

/** The CPUs and memory nodes that may be used. Set before the other knobs of the scheduler. */
export const cpusetKnobs: readonly Knob[] = [
  listKnob('cpu.cpuset_cpus', 'cpuset.cpus', ({ cpu }) => cpu.cpusetCpus),
  listKnob('cpu.cpuset_mems', 'cpuset.mems', ({ cpu }) => cpu.cpusetMems),
  {
    name: 'cpu.cpuset_partition',
    controller: 'cpuset',
    requested: ({ cpu }) => cpu.cpusetPartition,
    v1: null,
    v2: {
      ...partition,
      refusal: (effective) => (effective.includes('invalid') ? effective : null),
      // Otherwise the kernel makes it a partition later, when it can.
      withdrawal: 'member',
    },
    checkValue({ cpu: { cpusetPartition: word } }, field) {
      if (word !== null && !partitions.includes(word))
        throw invalid(field, word, `use ${partitions.join(', ')}`);
    },
    check: checkPartition,
  },
];
