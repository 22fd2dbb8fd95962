import { assertNever } from '../../../common/errors.ts';
import {
  type Create,
  type Launch,
  type LaunchSettings,
  type ShimSettings,
  type Step,
  stepKind,
} from './steps.ts';

/** "LKRP", little-endian. */
const magic = 0x50524b4c;
const planVersion = 1;
const kindShim = 0x100;
const kindLaunch = 0x101;
const kindProcesses = 0x102;
const kindUser = 0x103;

const createKind: Readonly<Record<Create, number>> = { none: 0, directory: 1, file: 2 };

/** Writes the binary form that native/include/plan.h describes: little-endian, lengths before contents. */
class Writer {
  #buffer = Buffer.allocUnsafe(8192);
  #length = 0;

  #room(bytes: number): number {
    const at = this.#length;
    if (at + bytes > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, at + bytes));
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    this.#length = at + bytes;
    return at;
  }

  u16(value: number): this {
    const at = this.#room(2);
    this.#buffer.writeUInt16LE(value, at);
    return this;
  }

  u32(value: number): this {
    const at = this.#room(4);
    this.#buffer.writeUInt32LE(value >>> 0, at);
    return this;
  }

  u64(value: bigint | number | string): this {
    const at = this.#room(8);
    this.#buffer.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), at);
    return this;
  }

  bytes(value: Uint8Array): this {
    this.u32(value.length);
    const at = this.#room(value.length + 1);
    this.#buffer.set(value, at);
    this.#buffer[at + value.length] = 0;
    return this;
  }

  str(value: string): this {
    const length = Buffer.byteLength(value);
    this.u32(length);
    const at = this.#room(length + 1);
    this.#buffer.write(value, at, 'utf8');
    this.#buffer[at + length] = 0;
    return this;
  }

  strs(values: readonly string[]): this {
    this.u32(values.length);
    for (const value of values) this.str(value);
    return this;
  }

  pairs(values: readonly (readonly [string, string])[]): this {
    this.u32(values.length);
    for (const [key, value] of values) this.str(key).str(value);
    return this;
  }

  bool(value: boolean): this {
    return this.u32(value ? 1 : 0);
  }

  record(kind: number, body: () => void): this {
    this.u16(kind).u16(0);
    const lengthAt = this.#room(4);
    const start = this.#length;
    body();
    this.#buffer.writeUInt32LE(this.#length - start, lengthAt);
    return this;
  }

  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}

function writeStep(w: Writer, step: Step): void {
  switch (step.step) {
    case 'join-namespace':
      w.u32(step.flag).u32(step.pid).u64(step.startTime);
      return;
    case 'join-path':
      w.u32(step.flag).str(step.path);
      return;
    case 'join-cgroup':
      w.str(step.file);
      return;
    case 'unshare':
      w.u32(step.flags);
      return;
    case 'oom-score':
      w.u32(step.value);
      return;
    case 'propagation':
      w.u32(step.flags);
      return;
    case 'root-overlay':
      w.str(step.at).str(step.options);
      return;
    case 'root-bind':
      w.str(step.at).str(step.source).bool(step.readOnly).str(step.overlay);
      w.strs(step.needs).strs(step.below);
      return;
    case 'mount':
      w.str(step.type).str(step.source).str(step.target).u32(step.attributes);
      w.u32(createKind[step.create]).bool(step.optional).u32(step.options.length);
      for (const [key, value] of step.options) {
        w.bool(value !== null)
          .str(key)
          .str(value ?? '');
      }
      return;
    case 'bind':
      w.str(step.source).str(step.target).bool(step.recursive).u32(step.attributes).bool(step.topOnly);
      w.u32(step.propagation).u32(createKind[step.create]).bool(step.optional);
      return;
    case 'bind-of':
      w.u32(step.pid).u64(BigInt(step.startTime)).str(step.path).u32(step.attributes).bool(step.optional);
      return;
    case 'take':
      w.str(step.source).bool(step.recursive).u32(step.attributes).bool(step.topOnly).u32(step.propagation);
      return;
    case 'attach':
      w.strs(step.targets);
      return;
    case 'file-store':
      w.str(step.at).str(step.size);
      return;
    case 'file':
      w.str(step.target).str(step.content).u32(step.attributes);
      return;
    case 'cgroups':
      w.str(step.target).u32(step.attributes).pairs(step.folders).pairs(step.links);
      return;
    case 'proc-of':
      w.u32(step.pid).u64(BigInt(step.startTime)).u32(step.attributes);
      return;
    case 'directory':
      w.str(step.target).u32(step.mode);
      return;
    case 'symlink':
      w.str(step.target).str(step.to);
      return;
    case 'device':
      w.str(step.target)
        .bool(step.type === 'b')
        .u32(step.major)
        .u32(step.minor)
        .u32(step.mode);
      return;
    case 'look-up-user':
      w.str(step.user)
        .bool(step.group !== null)
        .str(step.group ?? '')
        .strs(step.moreGroups);
      return;
    case 'terminal':
      w.bool(step.console).u32(step.uid).u32(step.gid);
      return;
    case 'hostname':
    case 'domainname':
      w.str(step.name);
      return;
    case 'sysctl':
      w.str(step.path).str(step.value);
      return;
    case 'mask':
    case 'read-only':
      w.str(step.target);
      return;
    case 'rlimit':
      w.u32(step.resource).u64(step.soft).u64(step.hard);
      return;
    case 'umask':
      w.u32(step.mask);
      return;
    case 'cwd':
      w.str(step.path).bool(step.create);
      return;
    case 'groups':
      w.u32(step.gids.length);
      for (const gid of step.gids) w.u32(gid);
      return;
    case 'seccomp':
      w.bytes(step.filter);
      return;
    case 'bounding':
      w.u64(step.set);
      return;
    case 'user':
      w.u32(step.uid).u32(step.gid);
      return;
    case 'capabilities':
      w.u64(step.effective).u64(step.permitted).u64(step.inheritable).u64(step.ambient);
      return;
    case 'exec':
      w.strs(step.args).strs(step.env);
      return;
    case 'loopback':
    case 'pivot':
    case 'root-read-only':
    case 'init':
    case 'stdio':
    case 'no-new-privileges':
      return;
    default:
      assertNever(step);
  }
}

function writeLaunch(w: Writer, settings: LaunchSettings): void {
  w.u32(settings.cloneFlags).str(settings.cgroup2).bool(settings.tty).bool(settings.openStdin);
  w.u32(settings.columns).u32(settings.rows).u32(settings.xPixels).u32(settings.yPixels);
  w.u32(settings.joinMain);
  w.u32(settings.joinPid?.pid ?? 0).u64(settings.joinPid?.startTime ?? 0);
  w.u64(settings.window);
}

/**
 * Encodes a launch: with `shim` for the start of a container's shim, without for an exec by a shim that runs.
 */
export function encodeLaunch(launch: Launch, shim?: ShimSettings): Buffer {
  const w = new Writer();
  w.u32(magic).u32(planVersion);
  if (shim) {
    w.record(kindShim, () => {
      w.str(shim.containerId).str(shim.runDir).str(shim.logDir);
      w.u64(shim.logSegmentBytes).u32(shim.logSegments).u32(shim.ringBytes).str(shim.oomFile);
    });
  }
  w.record(kindLaunch, () => writeLaunch(w, launch.settings));
  for (const step of launch.steps) w.record(stepKind[step.step], () => writeStep(w, step));
  return w.finish();
}

/** Encodes the plan of a shim that starts nothing and reports the processes in a cgroup. */
export function encodeListing(folder: string): Buffer {
  const w = new Writer();
  w.u32(magic).u32(planVersion);
  w.record(kindProcesses, () => w.str(folder));
  return w.finish();
}

/** As encodeListing, for a shim that looks a user up in the mount namespace of a process. */
export function encodeLookUp(
  { pid, startTime }: { readonly pid: number; readonly startTime: string },
  step: Extract<Step, { step: 'look-up-user' }>,
): Buffer {
  const w = new Writer();
  w.u32(magic).u32(planVersion);
  w.record(kindUser, () => w.u32(pid).u64(startTime));
  w.record(stepKind[step.step], () => writeStep(w, step));
  return w.finish();
}
