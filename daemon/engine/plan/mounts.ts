import { cloneFlag, mountAttr, type Step } from '../../kernel/plan/steps.ts';
import type { HostProcess } from '../container/phase.ts';
import type { ContainerSpec, Mount, Propagation } from '../container/spec.ts';
import { ms } from './constants.ts';
import { applyTmpfsOptions } from './tmpfs-options.ts';

const { RDONLY, NOSUID, NODEV, NOEXEC } = mountAttr;

type MountStep = Extract<Step, { step: 'mount' }>;
type BindStep = Extract<Step, { step: 'bind' }>;

export function mountStep(values: Pick<MountStep, 'type' | 'target'> & Partial<MountStep>): MountStep {
  return {
    step: 'mount',
    source: values.type,
    attributes: 0,
    options: [],
    create: 'directory',
    optional: false,
    ...values,
  };
}

export function bindStep(values: Pick<BindStep, 'source' | 'target'> & Partial<BindStep>): BindStep {
  return {
    step: 'bind',
    recursive: true,
    attributes: 0,
    propagation: ms.PRIVATE | ms.REC,
    create: 'file',
    optional: false,
    ...values,
  };
}

/** The standard file systems of the OCI specification (config-linux.md, "Default Filesystems"). */
export function standardMounts(spec: ContainerSpec, ipcOf: HostProcess | undefined): Step[] {
  const guarded = NOSUID | NOEXEC | NODEV;
  return [
    mountStep({ type: 'proc', target: '/proc', attributes: guarded }),
    mountStep({
      type: 'tmpfs',
      target: '/dev',
      attributes: NOSUID,
      options: [
        ['mode', '0755'],
        ['size', '64m'],
      ],
    }),
    mountStep({
      type: 'devpts',
      target: '/dev/pts',
      attributes: NOSUID | NOEXEC,
      options: [
        ['newinstance', null],
        ['ptmxmode', '0666'],
        ['mode', '0620'],
        ['gid', '5'],
      ],
    }),
    sharedMemory(spec, ipcOf, guarded),
    mountStep({ type: 'mqueue', target: '/dev/mqueue', attributes: guarded, optional: true }),
    mountStep({
      type: 'sysfs',
      target: '/sys',
      attributes: guarded | (spec.process.privileged ? 0 : RDONLY),
    }),
  ];
}

/** It goes with the IPC namespace: who shares that shares the memory of shm_open(3) too. */
function sharedMemory(spec: ContainerSpec, ipcOf: HostProcess | undefined, attributes: number): Step {
  const target = '/dev/shm';
  if (ipcOf) return { step: 'bind-of', ...ipcOf, path: target, attributes };
  if (spec.namespaces.ipc.kind === 'host')
    return bindStep({ source: target, target, attributes, create: 'directory' });
  return mountStep({
    type: 'tmpfs',
    source: 'shm',
    target,
    attributes,
    options: [
      ['mode', '1777'],
      ['size', String(spec.shmSizeBytes)],
    ],
  });
}

const propagationFlags: Readonly<Record<Propagation, number>> = {
  private: ms.PRIVATE,
  rprivate: ms.PRIVATE | ms.REC,
  shared: ms.SHARED,
  rshared: ms.SHARED | ms.REC,
  slave: ms.SLAVE,
  rslave: ms.SLAVE | ms.REC,
  unbindable: ms.UNBINDABLE,
  runbindable: ms.UNBINDABLE | ms.REC,
};

/** The mounts that the user asked for. */
export function userMount(mount: Mount): Step {
  const readOnly = mount.readOnly ? RDONLY : 0;
  if (mount.type === 'bind') {
    return bindStep({
      source: mount.source,
      target: mount.target,
      recursive: mount.recursive,
      attributes: readOnly,
      propagation: propagationFlags[mount.propagation],
      create: 'directory',
    });
  }
  return tmpfsMount(mount.target, mount.options, readOnly);
}

/** A tmpfs with Docker's defaults (nosuid, nodev, noexec, mode 1777) under the options that were asked for. */
function tmpfsMount(target: string, words: readonly string[], attributes: number): Step {
  const asked = applyTmpfsOptions(words, NOSUID | NODEV | NOEXEC);
  const options = new Map<string, string | null>([['mode', '1777'], ...asked.options]);
  return mountStep({
    type: 'tmpfs',
    target,
    attributes: asked.attributes | attributes,
    options: [...options],
  });
}

/** Clone flags of the namespaces that a container has of its own. The cgroup namespace is a step: it comes after joining. */
export function ownNamespaces(spec: ContainerSpec): number {
  const { pid, ipc, uts, network } = spec.namespaces;
  let flags: number = cloneFlag.mount;
  if (pid.kind === 'private') flags |= cloneFlag.pid;
  if (ipc.kind === 'private') flags |= cloneFlag.ipc;
  if (uts.kind === 'private') flags |= cloneFlag.uts;
  if (network.kind === 'private') flags |= cloneFlag.network;
  return flags;
}
