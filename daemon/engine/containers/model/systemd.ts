import type { AskedSpec, ContainerSpec, Mount } from './spec.ts';

/** What systemd must find mounted, with its own options (src/shared/mount-setup.c): without it, it would mount them itself, which it may not. */
const tmpfs: Readonly<Record<string, readonly string[]>> = {
  '/run': ['mode=0755', 'exec'],
  '/run/lock': ['mode=1777'],
  '/tmp': ['mode=1777', 'exec'],
};
const cgroups = '/sys/fs/cgroup';

/** SIGRTMIN+3 asks systemd to stop all services and to end; SIGTERM makes it execute itself again (systemd(1), "Signals"). */
const stopSignal = 37;

/**
 * What is asked of a container whose program is systemd, completed by what systemd needs as pid 1 of a container
 * (https://systemd.io/CONTAINER_INTERFACE). What is asked for goes first, and so does what the image says, except for volumes that
 * would hide this.
 */
export function withSystemdDefaults(asked: AskedSpec): AskedSpec {
  const { process, mounts = [], imageVolumes = [] } = asked;
  const env = process.env ?? [];
  const hasName = env.some((variable) => variable.startsWith('container='));
  const missing = Object.entries(tmpfs).filter(([path]) => mounts.every(({ target }) => target !== path));
  return {
    ...asked,
    process: { ...process, env: hasName ? env : [...env, 'container=liker'] },
    mounts: [
      ...mounts,
      ...missing.map(
        ([target, options]): Mount => ({ type: 'tmpfs', target, readOnly: false, options: [...options] }),
      ),
    ],
    imageVolumes: imageVolumes.filter((path) => !(path in tmpfs) && path !== cgroups),
    stopSignal: asked.stopSignal ?? stopSignal,
  };
}

/** Whether root inside divides the container's control groups. */
export function delegatesCgroup({
  systemd,
  namespaces,
}: Pick<ContainerSpec, 'systemd' | 'namespaces'>): boolean {
  return systemd && namespaces.cgroup.kind === 'private';
}
