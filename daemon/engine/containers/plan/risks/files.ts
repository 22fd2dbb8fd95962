import { notHeld, type Step } from '../../../../kernel/plan/steps.ts';
import { type IdMaps, toInside } from '../../../../kernel/users/id-maps.ts';
import { type ContainerSpec, isShared, rootMode } from '../../model/spec.ts';
import { innerRoot } from '../id-maps.ts';
import { asFarAsUserMay, type Found, type HostMount, type RiskFacts, when } from './facts.ts';
import { isWithin, reachOf } from './places.ts';

/**
 * The mounts that the spec names, as they will be. `pathOf`: where a path leads on the host, without links. `maps`: of the
 * container's user namespace; null: it has the host's.
 */
export function hostMounts(
  { rootfs, mounts, readOnly }: ContainerSpec,
  {
    steps,
    maps,
    pathOf,
  }: {
    readonly steps: readonly Step[];
    readonly maps: IdMaps | null;
    readonly pathOf: (path: string) => string;
  },
): HostMount[] {
  const mount = (source: string) => ({
    source,
    path: pathOf(source),
    asRoot: isAsRoot(source, steps, maps),
  });
  const writable = rootMode(rootfs) === 'rw' && !readOnly;
  const binds = mounts.filter((one) => one.type === 'bind');
  return [
    // The files of an image are no files of the host.
    ...(rootfs.kind === 'image'
      ? []
      : [{ ...mount(rootfs.directory), target: '/', writable, shared: false }]),
    ...binds.map((bind) => ({
      ...mount(bind.source),
      target: bind.target,
      writable: !bind.readOnly && !bind.overlay,
      shared: isShared(bind),
    })),
  ];
}

/** Whether root inside is who root is on the disk: by its own id, or by the map of the mount. */
function isAsRoot(source: string, steps: readonly Step[], maps: IdMaps | null): boolean {
  const outside = maps === null ? 0 : innerRoot(maps).uid;
  const step = steps.find((one) => (one.step === 'bind' || one.step === 'take') && one.source === source);
  const number = step && 'map' in step ? step.map : notHeld;
  if (number === notHeld) return outside === 0;
  const held = steps.filter((one) => one.step === 'id-map' || one.step === 'join-user')[number];
  const map = held?.step === 'id-map' ? held : maps;
  return map !== null && toInside(map.uids, outside) === 0;
}

export function fileRisks(mount: HostMount, { engineFolders, engineIsRoot, spec }: RiskFacts): Found[] {
  const { source, path, target, writable } = mount;
  const through = target === '/' ? 'as its root' : `through ${target}`;
  if (!mount.asRoot) return [];
  const engine = { folders: engineFolders, isRoot: engineIsRoot };
  const limit = `${asFarAsUserMay(spec)}${engineIsRoot ? '' : ', as far as the user who runs likerd may'}`;
  if (writable) {
    const { severity = 'low' } = reachOf(path, 'write', engine) ?? {};
    // Who runs likerd owns no more than his own files.
    const most = engineIsRoot || severity !== 'critical' ? severity : 'high';
    return when(true, most, `can write ${source} of the host ${through}${limit}`);
  }
  const reach = reachOf(path, 'read', engine);
  return reach
    ? when(true, reach.severity, `can read ${source} of the host, with ${reach.holds}, ${through}${limit}`)
    : [];
}

/** Sockets that make root of whoever reaches them. */
export function socketRisks({ engineIsRoot, engineSockets, mounts, spec }: RiskFacts): Found[] {
  // An overlay shows sockets to which nobody can connect.
  const bound = rootMode(spec.rootfs) === 'overlay' ? mounts.filter(({ target }) => target !== '/') : mounts;
  return engineSockets.flatMap(([path, engine]) => {
    const mount = bound.find((one) => one.asRoot && isWithin(path, one.path));
    if (!mount) return [];
    const where = inside(mount, path);
    return when(
      true,
      engineIsRoot ? 'critical' : 'high',
      `can reach the socket of ${engine} through ${where}: whoever reaches it is ${engineIsRoot ? 'root on the host' : 'the user who runs it'}`,
    );
  });
}

/** Where the container sees a path of the host. */
function inside({ path, target }: HostMount, file: string): string {
  const rest = file.slice(path === '/' ? 0 : path.length);
  return target === '/' ? rest || '/' : `${target}${rest}`;
}
