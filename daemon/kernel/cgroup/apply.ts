import { existsSync } from 'node:fs';
import { asError, LikerError } from '../../../common/errors.ts';
import { tellExhausted } from '../../../common/exhausted.ts';
import { own } from '../../../common/own.ts';
import { attachSocketProgram } from '../../native/libliker.ts';
import { whyUndelegated } from './delegation.ts';
import { errnoOf, readOptional, writeAndRead, writeText } from './files.ts';
import type { Knob, KnobContext, KnobSide, KnobSides, Write } from './knobs.ts';
import { controllerPlace, isOfCore, type Layout, mountBesideV1, type Place, partName } from './layout.ts';
import type { AppliedLimit, LimitsMode, Resources } from './resources.ts';
import { words } from './subtree.ts';
import { knobsFor } from './table.ts';

/** A requested knob, and where to set it. */
interface Job {
  readonly knob: Knob;
  readonly requested: string;
  readonly side: KnobSide;
  readonly place: Place;
  readonly context: KnobContext;
}

/** Where to set limits. */
export interface Target {
  readonly layout: Layout;
  /** The container's cgroup in a hierarchy; empty before it is made. */
  readonly folderIn: (place: Place) => string;
  /** It is being made: no limit was set before. */
  readonly fresh: boolean;
  readonly mode: LimitsMode;
  /** Folder of the cgroup above the container's. Default: the layout's. */
  readonly parentIn?: (place: Place) => string;
}

function mountCommand(controller: string): string {
  return `mount -t cgroup -o ${controller} cgroup /sys/fs/cgroup/${controller}`;
}

function remedyFor(knob: Knob, { tracking, kind, delegation }: Layout): string {
  if (delegation !== null && knob.v2 !== null) return whyUndelegated(delegation, knob.controller).remedy;
  if (isOfCore(knob.controller)) return `mount it: ${mountBesideV1}`;
  if (kind === 'v2' && knob.v2 !== null) {
    return isOffered(knob, tracking)
      ? `enable it down to ${tracking.parent} (in a service of systemd: Delegate=yes)`
      : 'leave it out, or use --limits best-effort';
  }
  return `mount it: ${mountCommand(knob.controller === 'io' ? 'blkio' : knob.controller)}`;
}

/** By the root of v2's hierarchy. */
function isOffered({ controller }: Knob, { mountPoint }: Place): boolean {
  return words(readOptional(`${mountPoint}/cgroup.controllers`)).includes(controller);
}

function whyMissing(knob: Knob, { tracking, kind, delegation }: Layout, path: string): string {
  if (delegation) return whyUndelegated(delegation, knob.controller).why;
  if (isOfCore(knob.controller)) return `it is not mounted, according to ${path}`;
  return kind === 'v2' && isOffered(knob, tracking)
    ? `it is not enabled in the cgroups above ${tracking.parent}`
    : `the kernel does not offer it, according to ${path}`;
}

function missingController(knob: Knob, requested: string, layout: Layout): LikerError {
  const { tracking, kind } = layout;
  const path = kind === 'v2' ? `${tracking.mountPoint}/cgroup.controllers` : '/proc/self/mountinfo';
  const why = layout.problems.get(knob.controller) ?? whyMissing(knob, layout, path);
  const remedy = remedyFor(knob, layout);
  return new LikerError(
    'CGROUP_CONTROLLER_MISSING',
    `Cannot set ${knob.name} to ${requested}: ${partName(knob.controller)} is missing: ${why}; ${remedy}`,
    {
      knob: knob.name,
      metadata: { controller: knob.controller, path, hint: remedy, knob: knob.name },
    },
  );
}

function unsupported(job: Pick<Job, 'knob' | 'requested' | 'place'>, file: string): LikerError {
  const { knob, requested, place } = job;
  const why =
    file === ''
      ? `the controller '${knob.controller}' is on cgroup v${place.version} here, ${place.mountPoint}, which cannot do it`
      : `this kernel has no ${file} in ${place.parent}`;
  const remedy = /memsw|swap/.test(file) ? 'boot with swapaccount=1, or leave it out' : 'leave it out';
  return new LikerError(
    'LIMIT_REFUSED',
    `Cannot set ${knob.name} to ${requested}: ${why}; ${remedy}, or use --limits best-effort`,
    {
      knob: knob.name,
      metadata: { controller: knob.controller, knob: knob.name, requested, path: `${place.parent}/${file}` },
    },
  );
}

export function hasFile(place: Place, file: string, seen: Set<string>): boolean {
  const path = `${place.parent}/${file}`;
  if (seen.has(path)) return true;
  if (!existsSync(path)) return false;
  seen.add(path);
  return true;
}

/** The first side whose file exists, or else the first. Null if this version has no such knob. */
export function sideOf(sides: KnobSides, place: Place, seen: Set<string>): KnobSide | null {
  if (sides === null) return null;
  const several = [sides].flat();
  return several.find(({ file }) => hasFile(place, file, seen)) ?? several[0] ?? null;
}

/** Finds the place of a requested limit. Throws if there is none. */
function findJob(knob: Knob, requested: string, target: Target): Job {
  const { layout, folderIn, fresh } = target;
  const place = controllerPlace(layout, knob.controller);
  if (place === undefined) throw missingController(knob, requested, layout);
  const side = sideOf(place.version === 1 ? knob.v1 : knob.v2, place, layout.seen);
  if (side === null) throw unsupported({ knob, requested, place }, '');
  const folder = folderIn(place);
  const parent = target.parentIn?.(place) ?? place.parent;
  const context: KnobContext = {
    version: place.version,
    fresh,
    folder,
    parent,
    mountPoint: place.mountPoint,
    read: (file) => (folder === '' ? null : readOptional(`${folder}/${file}`)),
    readParent: (file) => readOptional(`${parent}/${file}`),
  };
  return { knob, requested, side, place, context };
}

/** In best-effort mode, a limit that cannot be set here. Any other error is thrown, and all errors are in strict mode. */
function leftOut(knob: Knob, requested: string, error: unknown, mode: LimitsMode): AppliedLimit {
  const canBeLeftOut =
    error instanceof LikerError &&
    (error.reason === 'CGROUP_CONTROLLER_MISSING' || error.reason === 'LIMIT_REFUSED');
  if (mode === 'strict' || !canBeLeftOut) throw error;
  return { knob: knob.name, requested, file: '', written: '', effective: '', problem: error.message };
}

/**
 * Throws CGROUP_CONTROLLER_MISSING, LIMIT_REFUSED or BAD_ARGUMENT unless every requested limit can be set here. In
 * best-effort mode it returns the limits that cannot. Changes nothing.
 */
export function checkResources(resources: Resources, target: Target): AppliedLimit[] {
  return forEachKnob(resources, target, (job) => {
    job.knob.check?.(resources, job.context);
    requireFile(job, target);
    return null;
  });
}

/** Calls `act` for each requested knob, in the kernel's order, and returns the results. */
export function forEachKnob(
  resources: Resources,
  target: Target,
  act: (job: Job) => AppliedLimit | null,
): AppliedLimit[] {
  return knobsFor(resources).flatMap((knob) => {
    const requested = knob.requested(resources);
    if (requested === null) return [];
    try {
      return act(findJob(knob, requested, target)) ?? [];
    } catch (error) {
      return leftOut(knob, requested, error, target.mode);
    }
  });
}

export function requireFile(job: Job, { layout }: Target): void {
  if (!hasFile(job.place, job.side.file, layout.seen)) throw unsupported(job, job.side.file);
}

const reasons: Readonly<Record<string, string>> = {
  EBUSY: 'more than that is in use; let the container free some first',
  EINVAL: 'the value is not accepted; a limit of a parent cgroup may be lower',
  EACCES: 'the parent cgroup does not allow it',
  EPERM: 'the parent cgroup does not allow it',
  ENOSPC: 'the parent cgroup does not have enough left',
  ERANGE: 'the value is out of range',
  ENOENT: 'the parent cgroup does not enable the controller; see its cgroup.subtree_control',
  ENODEV: 'there is no such device, or it is a partition, not a whole disk',
  EOPNOTSUPP: "the device's I/O scheduler does not support it; see /sys/block/*/queue/scheduler",
  EOVERFLOW: 'the value is out of range',
};

function refused(job: Job, path: string, written: string, error: unknown): LikerError {
  const errno = errnoOf(error);
  const { knob, requested } = job;
  // The file could not be opened, so the value is not at fault.
  if (errno === 'EMFILE' || errno === 'ENFILE')
    return tellExhausted(error, `set ${knob.name} to ${requested}`) as LikerError;
  const why = errno === '' ? asError(error).message : `${errno}: ${own(reasons, errno) ?? 'see dmesg'}`;
  return new LikerError(
    'LIMIT_REFUSED',
    `Cannot set ${knob.name} to ${requested}: the kernel refused '${written}' for ${path} (${why})`,
    {
      knob: knob.name,
      cause: error,
      metadata: { controller: knob.controller, knob: knob.name, requested, path },
      ...(errno !== '' && { syscall: { step: 'cgroup', syscall: 'write', errno, object: path } }),
    },
  );
}

interface Done {
  readonly path: string;
  readonly written: string;
  readonly effective: string;
  /** Its text before; null when it will not be written back. */
  readonly before: string | null;
}

function undo(done: ReadonlyMap<string, Done>): void {
  for (const { path, before } of [...done.values()].reverse()) {
    if (before === null) continue;
    try {
      writeText(path, before);
    } catch {
      // The first failure is the one to report.
    }
  }
}

/** Two knobs that share a write have the same key. */
function keyOf(folder: string, { file, part }: Write): string {
  return `${folder}/${file} ${part?.key ?? ''}`;
}

/** The last of all limits, so that no later failure has to undo it. */
function attachProgram(job: Job, folder: string, resources: Resources, done: Map<string, Done>): string {
  try {
    attachSocketProgram(folder, job.side.socketProgram?.(resources) ?? null);
  } catch (error) {
    throw refused(job, folder, `a program for ${job.knob.name}`, error);
  }
  done.set(folder, { path: folder, written: job.requested, effective: job.requested, before: null });
  return folder;
}

/** Returns the key of the write with the knob's own file. */
function carryOut(job: Job, folder: string, resources: Resources, done: Map<string, Done>): string {
  const { side, context } = job;
  side.prepare?.(resources, context);
  if (side.socketProgram !== undefined) return attachProgram(job, folder, resources, done);
  const writes = side.writes(resources, context);
  for (const write of writes) {
    const key = keyOf(folder, write);
    if (done.has(key)) continue;
    const path = `${folder}/${write.file}`;
    const part = write.part?.of ?? ((text: string) => text);
    const before = context.fresh ? null : readOptional(path);
    if (write.quiet === true && !context.fresh && before === null) continue;
    try {
      const effective = part(writeAndRead(path, write.value));
      done.set(key, { path, written: write.value, effective, before: before === null ? null : part(before) });
    } catch (error) {
      if (write.quiet === true && errnoOf(error) === 'ENOENT') continue;
      throw refused(job, path, write.value, error);
    }
  }
  const own = writes.find(({ file }) => file === side.file);
  return own === undefined ? '' : keyOf(folder, own);
}

/** How the kernel took a limit. Throws if it accepted the text without applying it. */
function outcome(job: Job, folder: string, { written = '', effective = '' }: Partial<Done>): AppliedLimit {
  const { knob, requested, side } = job;
  const refusal = side.refusal?.(effective) ?? null;
  if (refusal !== null) {
    if (side.withdrawal !== undefined) writeText(`${folder}/${side.file}`, side.withdrawal);
    throw refused(job, `${folder}/${side.file}`, written, new Error(refusal));
  }
  const file = side.socketProgram ? folder : `${folder}/${side.file}`;
  return { knob: knob.name, requested, file, written, effective, problem: '' };
}

/**
 * Sets every requested limit, in the kernel's order, and reads each back. If an update fails, the earlier values are
 * restored. Throws LIMIT_REFUSED or CGROUP_CONTROLLER_MISSING; in best-effort mode a limit that cannot be set is
 * returned with its problem.
 */
export function applyResources(resources: Resources, target: Target): AppliedLimit[] {
  const done = new Map<string, Done>();
  try {
    return forEachKnob(resources, target, (job) => {
      requireFile(job, target);
      const folder = target.folderIn(job.place);
      const key = carryOut(job, folder, resources, done);
      return outcome(job, folder, done.get(key) ?? {});
    });
  } catch (error) {
    undo(done);
    throw error;
  }
}
