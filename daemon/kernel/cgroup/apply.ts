import { LikerError } from '../../../common/errors.ts';
import { cpuKnobs } from './controllers/cpu.ts';
import { cpusetKnobs } from './controllers/cpuset.ts';
import { memoryKnobs } from './controllers/memory.ts';
import { pidsKnobs } from './controllers/pids.ts';
import { errnoOf, readOptional, writeAndRead, writeText } from './files.ts';
import { fieldOf, type Knob, type KnobContext, type KnobSide, type Write } from './knobs.ts';
import type { Layout, Place } from './layout.ts';
import type { AppliedLimit, Resources } from './resources.ts';

/** Every knob, in the order in which they are carried out. */
export const knobs: readonly Knob[] = [...cpusetKnobs, ...memoryKnobs, ...cpuKnobs, ...pidsKnobs];

/** A knob that was asked for, and where it is carried out. */
interface Job {
  readonly knob: Knob;
  readonly requested: string;
  readonly side: KnobSide;
  readonly place: Place;
  readonly context: KnobContext;
}

function missingController(knob: Knob, requested: string, layout: Layout): LikerError {
  const { tracking, kind } = layout;
  const path = kind === 'v2' ? `${tracking.mountPoint}/cgroup.controllers` : '/proc/self/mountinfo';
  const why = layout.problems.get(knob.controller) ?? `the kernel does not offer it here, by ${path}`;
  const remedy =
    kind === 'v2'
      ? `enable it down to ${tracking.parent} (in a service of systemd: Delegate=yes)`
      : `mount it: mount -t cgroup -o ${knob.controller} cgroup /sys/fs/cgroup/${knob.controller}`;
  return new LikerError(
    'CGROUP_CONTROLLER_MISSING',
    `Cannot set ${knob.name} to ${requested}: cgroup controller '${knob.controller}' is missing: ${why}; ${remedy}`,
    {
      field: fieldOf(knob.name),
      metadata: { controller: knob.controller, path, hint: remedy, knob: knob.name },
    },
  );
}

function unsupported(job: Pick<Job, 'knob' | 'requested' | 'place'>, file: string): LikerError {
  const { knob, requested, place } = job;
  const why =
    file === '' ? `cgroup v${place.version} cannot do it` : `this kernel has no ${file} in ${place.parent}`;
  const remedy = file.includes('sw') ? '; boot with swapaccount=1, or leave it out' : '; leave it out';
  return new LikerError('LIMIT_REFUSED', `Cannot set ${knob.name} to ${requested}: ${why}${remedy}`, {
    field: fieldOf(knob.name),
    metadata: { controller: knob.controller, knob: knob.name, requested, path: `${place.parent}/${file}` },
  });
}

/** What was asked for, each with its place. Throws when there is no place for it. `folder` is empty before creation. */
function findJobs(
  resources: Resources,
  layout: Layout,
  folderIn: (place: Place) => string,
  fresh: boolean,
): Job[] {
  const jobs: Job[] = [];
  for (const knob of knobs) {
    const requested = knob.requested(resources);
    if (requested === null) continue;
    const place = layout.places.find(({ controllers }) => controllers.includes(knob.controller));
    if (place === undefined) throw missingController(knob, requested, layout);
    const side = place.version === 1 ? knob.v1 : knob.v2;
    if (side === null) throw unsupported({ knob, requested, place }, '');
    const folder = folderIn(place);
    const context: KnobContext = {
      version: place.version,
      fresh,
      read: (file) => (folder === '' ? null : readOptional(`${folder}/${file}`)),
      readParent: (file) => readOptional(`${place.parent}/${file}`),
    };
    jobs.push({ knob, requested, side, place, context });
  }
  return jobs;
}

function hasFile({ place, side, context }: Job, layout: Layout): boolean {
  const path = `${place.parent}/${side.file}`;
  if (layout.seen.has(path)) return true;
  if (context.readParent(side.file) === null) return false;
  layout.seen.add(path);
  return true;
}

/**
 * Throws unless every limit that is asked for can be set here: CGROUP_CONTROLLER_MISSING, LIMIT_REFUSED or
 * BAD_ARGUMENT. `folderIn` gives the container's cgroup when it exists already.
 */
export function checkResources(
  resources: Resources,
  layout: Layout,
  folderIn?: (place: Place) => string,
): void {
  for (const job of findJobs(resources, layout, folderIn ?? (() => ''), folderIn === undefined)) {
    job.knob.check?.(resources, job.context);
    if (!hasFile(job, layout)) throw unsupported(job, job.side.file);
  }
}

const reasons: Readonly<Record<string, string>> = {
  EBUSY: 'more than that is in use now; let the container free some first',
  EINVAL: 'it does not take this value; a limit above it may be lower',
  EACCES: 'the cgroup above does not allow it',
  EPERM: 'the cgroup above does not allow it',
  ENOSPC: 'there is not enough left in the cgroup above',
  ERANGE: 'the value is out of range',
};

function refused(job: Job, path: string, write: Write, error: unknown): LikerError {
  const errno = errnoOf(error);
  const { knob, requested } = job;
  return new LikerError(
    'LIMIT_REFUSED',
    `Cannot set ${knob.name} to ${requested}: the kernel refused '${write.value}' for ${path} (${errno}): ` +
      (reasons[errno] ?? 'see dmesg'),
    {
      field: fieldOf(knob.name),
      cause: error,
      metadata: { controller: knob.controller, knob: knob.name, requested, path },
      syscall: { step: 'cgroup', syscall: 'write', errno, object: path },
    },
  );
}

interface Done {
  readonly path: string;
  readonly written: string;
  readonly effective: string;
  /** Its text before; null when nobody will want it back. */
  readonly before: string | null;
}

function undo(done: ReadonlyMap<string, Done>): void {
  for (const { path, before } of [...done.values()].reverse()) {
    if (before === null) continue;
    try {
      writeText(path, before);
    } catch {
      // The first failure is the one to tell.
    }
  }
}

function carryOut(job: Job, folder: string, resources: Resources, done: Map<string, Done>): void {
  for (const write of job.side.writes(resources, job.context)) {
    if (done.has(`${folder}/${write.file}`)) continue;
    const path = `${folder}/${write.file}`;
    const before = job.context.fresh ? null : readOptional(path);
    if (write.quiet === true && !job.context.fresh && before === null) continue;
    try {
      done.set(path, { path, written: write.value, effective: writeAndRead(path, write.value), before });
    } catch (error) {
      if (write.quiet === true && errnoOf(error) === 'ENOENT') continue;
      throw refused(job, path, write, error);
    }
  }
}

/**
 * Sets every limit that is asked for, in the kernel's order, and reads each back. On failure of an update what was
 * written is written back. Throws LIMIT_REFUSED or CGROUP_CONTROLLER_MISSING.
 */
export function applyResources(
  resources: Resources,
  layout: Layout,
  folderIn: (place: Place) => string,
  fresh: boolean,
): AppliedLimit[] {
  const jobs = findJobs(resources, layout, folderIn, fresh);
  const done = new Map<string, Done>();
  try {
    for (const job of jobs) carryOut(job, folderIn(job.place), resources, done);
  } catch (error) {
    undo(done);
    throw error;
  }
  return jobs.map(({ knob, requested, side, place }) => {
    const file = `${folderIn(place)}/${side.file}`;
    const { written = '', effective = '' } = done.get(file) ?? {};
    return { knob: knob.name, requested, file, written, effective, problem: '' };
  });
}
