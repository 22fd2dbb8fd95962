import { checkAbsolute, checkInnerPath, checkRange } from '../../../../common/checks.ts';
import { badArgument } from '../../../../common/errors.ts';
import { maxSharedMounts } from '../../../../common/sizes.ts';
import type { MountEntry } from '../../../kernel/mount/mountinfo.ts';
import type { EngineContext } from '../../context.ts';
import { checkSecretName } from '../../secrets/model/secrets.ts';
import { checkVolumeName } from '../../volumes/model/volume.ts';
import { type ContainerSpec, isShared, type Mount } from '../model/spec.ts';
import { isTmpfsOption, knownTmpfsOptions } from '../plan/tmpfs-options.ts';

/** Throws BAD_ARGUMENT for a mount that cannot be, and for mounts that exclude each other. */
export function checkMounts(mounts: readonly Mount[]): void {
  const targets = new Set<string>();
  for (const [index, mount] of mounts.entries()) {
    const field = `spec.mounts[${index}]`;
    checkMount(mount, field);
    if (targets.has(mount.target))
      throw badArgument(`${field}.target`, `Duplicate mount: '${mount.target}' is the target of two mounts`);
    targets.add(mount.target);
  }
  checkShared(mounts);
}

/** The same for secrets, which exclude mounts at their targets, too. */
export function checkSecrets({ mounts, secrets }: Pick<ContainerSpec, 'mounts' | 'secrets'>): void {
  const targets = new Set(mounts.map(({ target }) => target));
  for (const [index, secret] of secrets.entries()) {
    const field = `spec.secrets[${index}]`;
    checkSecretName(secret.name, `${field}.name`);
    checkTarget(secret.target, `${field}.target`, 'secret target');
    checkRange(secret.mode, [0, 0o777], `${field}.mode`);
    if (targets.has(secret.target))
      throw badArgument(
        `${field}.target`,
        `Duplicate target: '${secret.target}' is the target of two mounts or secrets`,
      );
    targets.add(secret.target);
  }
}

function checkTarget(target: string, field: string, kind: string): void {
  checkInnerPath(target, field, kind);
  if (target === '/') throw badArgument(field, `Invalid ${kind}: the root itself cannot be mounted over`);
}

function checkMount(mount: Mount, field: string): void {
  checkTarget(mount.target, `${field}.target`, 'mount target');
  if (mount.type === 'tmpfs') {
    checkTmpfsOptions(mount.options, `${field}.options`);
    return;
  }
  if (mount.type === 'volume') {
    if (mount.volume !== '') checkVolumeName(mount.volume, `${field}.source`);
    checkSubpath(mount.subpath, `${field}.subpath`, 'volume');
    checkOverlay(mount, field);
    return;
  }
  if (mount.type === 'image') {
    checkSubpath(mount.subpath, `${field}.subpath`, 'image');
    checkOverlay(mount, field);
    return;
  }
  checkOverlay(mount, field);
  checkAbsolute(mount.source, `${field}.source`);
  if (mount.readOnlyNonRecursive && !mount.readOnly)
    throw badArgument(
      `${field}.read_only_non_recursive`,
      'Invalid mount: read_only_non_recursive requires read_only',
    );
}

function checkOverlay(mount: Exclude<Mount, { type: 'tmpfs' }>, field: string): void {
  if (!mount.overlay) return;
  if (mount.readOnly)
    throw badArgument(
      `${field}.overlay`,
      'Invalid mount: an overlay is there to be written; leave out read_only or overlay',
    );
  if (mount.type === 'bind' && mount.propagation !== 'rprivate' && mount.propagation !== 'private')
    throw badArgument(
      `${field}.propagation`,
      `Invalid mount: an overlay shows no mounts below its source, so propagation ${mount.propagation} would have no effect; leave it out`,
    );
}

function checkSubpath(path: string, field: string, kind: string): void {
  if (path.startsWith('/') || path.split('/').includes('..'))
    throw badArgument(
      field,
      `Invalid subpath '${path}': it is a path in the ${kind}, without a '/' at its start and without '..'`,
    );
}

/** Options of a tmpfs, one each: size=64m, mode=1777, noexec. */
function checkTmpfsOptions(options: readonly string[], field: string): void {
  for (const [index, option] of options.entries())
    if (!isTmpfsOption(option))
      throw badArgument(
        `${field}[${index}]`,
        `Invalid tmpfs option '${option}': use ${knownTmpfsOptions.join(', ')}`,
      );
}

function checkShared(mounts: readonly Mount[]): void {
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
export function checkPropagation(context: EngineContext, { mounts }: Pick<ContainerSpec, 'mounts'>): void {
  for (const [index, mount] of mounts.entries()) {
    if (mount.type !== 'bind') continue;
    const kind = /^r?(shared|slave)$/.exec(mount.propagation)?.[1];
    if (kind === undefined) continue;
    const on = find(context, mount.source, `spec.mounts[${index}].source`);
    if (on.isShared || (kind === 'slave' && on.isSlave)) continue;
    const cannot = `Cannot mount '${mount.source}' as ${mount.propagation}`;
    throw badArgument(
      `spec.mounts[${index}].propagation`,
      kind === 'shared' && !context.users.isRootOnHost
        ? `${cannot}: likerd runs without root, in a mount namespace of its own, of which nothing appears on the host; use rslave, which shows what the host mounts later`
        : `${cannot}: it is on the host's mount '${on.mountPoint}', which is ${kind === 'slave' ? 'neither shared nor a slave' : 'not shared'}; use 'mount --make-shared ${on.mountPoint}' on the host, or another propagation`,
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
