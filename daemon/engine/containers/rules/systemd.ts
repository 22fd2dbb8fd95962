import type { EngineContext } from '../../context.ts';
import type { ContainerSpec } from '../model/spec.ts';
import { delegatesCgroup } from '../model/systemd.ts';

/**
 * Why systemd will not start in a container that is ready for it, and what to do; null: it will. `delegated`: the hierarchies in which
 * the container may have control groups of its own.
 */
export function systemdWarning(
  spec: Pick<ContainerSpec, 'systemd' | 'namespaces'>,
  layout: EngineContext['cgroups']['layout'],
  delegated: readonly string[],
): string | null {
  if (!spec.systemd) return null;
  const cannot = 'systemd cannot start in this container, if that is its program';
  if (!delegatesCgroup(spec))
    return `${cannot}: with --cgroupns host it sees control groups that are not its own; leave the flag out`;
  if (layout === 'none')
    return `${cannot}: it needs a control group, and none is delegated to likerd; start likerd in one, such as by systemd-run --user -p Delegate=yes`;
  if (layout === 'v2' || delegated.includes('name=systemd')) return null;
  return `${cannot}: on cgroup v1 it needs a hierarchy of its own; make one on the host: mkdir /sys/fs/cgroup/systemd && mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd`;
}
