import { type ContainerSpec, isShared } from '../../model/spec.ts';
import { type Found, type HostMount, mayBeRoot, type RiskFacts, when } from './facts.ts';
import { isWithin, reachOf } from './places.ts';

/** The mounts that the spec names, as they will be. `pathOf`: where a path leads on the host, without links. */
export function hostMounts(
  { rootfs, mounts, readOnly }: ContainerSpec,
  { pathOf, asRoot }: { readonly pathOf: (path: string) => string; readonly asRoot: boolean },
): HostMount[] {
  const root: HostMount = {
    source: rootfs.directory,
    path: pathOf(rootfs.directory),
    target: '/',
    writable: rootfs.mode === 'rw' && !readOnly,
    asRoot,
    shared: false,
  };
  const binds = mounts.filter((mount) => mount.type === 'bind');
  return [
    root,
    ...binds.map((mount) => ({
      source: mount.source,
      path: pathOf(mount.source),
      target: mount.target,
      writable: !mount.readOnly,
      asRoot,
      shared: isShared(mount),
    })),
  ];
}

export function fileRisks(mount: HostMount, { engineFolders, spec }: RiskFacts): Found[] {
  const { source, path, target, writable } = mount;
  const through = target === '/' ? 'as its root' : `through ${target}`;
  if (!mount.asRoot) return [];
  const limit = mayBeRoot(spec) ? '' : `, as far as user ${spec.process.user} may`;
  if (writable) {
    const { severity = 'low' } = reachOf(path, 'write', engineFolders) ?? {};
    return when(true, severity, `can write ${source} of the host ${through}${limit}`);
  }
  const reach = reachOf(path, 'read', engineFolders);
  return reach
    ? when(true, reach.severity, `can read ${source} of the host, with ${reach.holds}, ${through}${limit}`)
    : [];
}

/** Sockets that make root of whoever reaches them. */
export function socketRisks({ engineSockets, mounts, spec }: RiskFacts): Found[] {
  // An overlay shows sockets to which nobody can connect.
  const bound = spec.rootfs.mode === 'overlay' ? mounts.filter(({ target }) => target !== '/') : mounts;
  return engineSockets.flatMap(([path, engine]) => {
    const mount = bound.find((one) => one.asRoot && isWithin(path, one.path));
    if (!mount) return [];
    const where = inside(mount, path);
    return when(
      true,
      'critical',
      `can reach the socket of ${engine} through ${where}: whoever reaches it is root on the host`,
    );
  });
}

/** Where the container sees a path of the host. */
function inside({ path, target }: HostMount, file: string): string {
  const rest = file.slice(path === '/' ? 0 : path.length);
  return target === '/' ? rest || '/' : `${target}${rest}`;
}
