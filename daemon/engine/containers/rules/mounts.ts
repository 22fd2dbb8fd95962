import { badArgument } from '../../../../common/errors.ts';
import { maxSharedMounts } from '../../../../common/sizes.ts';
import type { MountEntry } from '../../../kernel/mount/mountinfo.ts';
import type { EngineContext } from '../../context.ts';
import type { ContainerSpec, Mount } from '../model/spec.ts';

/** Whether mounts made below it in the container are to appear on the host. */
export function isShared(mount: Mount): boolean {
  return mount.type === 'bind' && (mount.propagation === 'shared' || mount.propagation === 'rshared');
}

/** Throws BAD_ARGUMENT for mounts that exclude each other. */
export function checkMounts({ mounts }: ContainerSpec): void {
  const shared = mounts.filter(isShared);
  if (shared.length > maxSharedMounts)
    throw badArgument('spec.mounts', `Cannot share more than ${maxSharedMounts} mounts with the host`);
  for (const [index, mount] of mounts.entries()) {
    const above = shared.find(({ target }) => mount.target.startsWith(`${target}/`));
    if (above)
      throw badArgument(
        `spec.mounts[${index}].target`,
        `Cannot mount at '${mount.target}': '${above.target}' is shared with the host, where the mount would appear, too; mount it elsewhere, or give '${above.target}' as rslave`,
      );
  }
}

/** Throws BAD_ARGUMENT where the mount on the host does not allow the propagation, which would have no effect. */
export function checkPropagation(context: EngineContext, { mounts }: ContainerSpec): void {
  for (const [index, mount] of mounts.entries()) {
    if (mount.type !== 'bind') continue;
    const kind = /^r?(shared|slave)$/.exec(mount.propagation)?.[1];
    if (kind === undefined) continue;
    const on = find(context, mount.source, `spec.mounts[${index}].source`);
    if (on.isShared || (kind === 'slave' && on.isSlave)) continue;
    throw badArgument(
      `spec.mounts[${index}].propagation`,
      `Cannot mount '${mount.source}' as ${mount.propagation}: it is on the host's mount '${on.mountPoint}', which is not shared${kind === 'slave' ? ' and no slave' : ''}; use 'mount --make-shared ${on.mountPoint}' on the host, or another propagation`,
    );
  }
}

function find(context: EngineContext, source: string, field: string): MountEntry {
  try {
    return context.mounts.of(source);
  } catch (error) {
    throw badArgument(field, `Cannot mount '${source}': ${(error as Error).message}`);
  }
}
