import { posix } from 'node:path';
import { shortestPath } from '../../../../common/checks.ts';
import { type Mount, propagations } from '../../../engine/containers/model/spec.ts';
import { HttpError } from '../http/errors.ts';
import type { AskedHost, AskedMount, CreateBody } from './create-body.ts';

/** Binds, Mounts, Tmpfs and, where nothing else is mounted, Volumes. */
export function parseMounts({ HostConfig: host, Volumes }: CreateBody): Mount[] {
  const mounts = [
    ...host.Binds.map(parseBind),
    ...host.Mounts.map(parseMount),
    ...[...host.Tmpfs].map(([target, options]) => parseTmpfs(target, options)),
  ];
  const taken = new Set(mounts.map(({ target }) => target));
  const anonymous = [...Volumes.keys()].map(shortestPath).filter((target) => !taken.has(target));
  requireLocal(host);
  return [...mounts, ...anonymous.map((target) => volume({ volume: '', target }))];
}

function requireLocal({ VolumeDriver: driver }: AskedHost): void {
  if (driver !== '' && driver !== 'local') throw noDriver(driver);
}

function noDriver(driver: string): HttpError {
  return new HttpError(400, `Cannot use the volume driver '${driver}': there is only local`);
}

function volume(given: { readonly volume: string; readonly target: string }): Mount & { type: 'volume' } {
  return { type: 'volume', readOnly: false, noCopy: false, subpath: '', overlay: false, ...given };
}

function bind(given: { readonly source: string; readonly target: string }): Mount & { type: 'bind' } {
  return {
    type: 'bind',
    ...{ readOnly: false, readOnlyNonRecursive: false, propagation: 'rprivate', recursive: true },
    ...{ createSource: false, idmap: { kind: 'default' }, overlay: false },
    source: posix.normalize(given.source),
    target: given.target,
  };
}

/** Without effect here: they are for SELinux, and for virtual machines that share files. */
const withoutEffect = new Set(['', 'rw', 'z', 'Z', 'consistent', 'cached', 'delegated', 'default', 'rbind']);

/** SOURCE:TARGET[:OPTIONS]. A source that is a path is made if it is missing. */
function parseBind(text: string): Mount {
  const [source = '', destination = '', options = '', ...more] = text.split(':');
  if (!destination.startsWith('/') || more.length > 0)
    throw new HttpError(400, `invalid volume specification: '${text}': use SOURCE:TARGET[:OPTIONS]`);
  const target = shortestPath(destination);
  const words = options.split(',').filter((word) => !withoutEffect.has(word));
  const readOnly = words.includes('ro');
  const noCopy = words.includes('nocopy');
  const propagation = propagations.find((word) => words.includes(word));
  const isPath = source.startsWith('/');
  const known = ['ro', ...(isPath ? ['bind', ...propagations] : ['nocopy'])];
  const unknown = words.find((word) => !known.includes(word));
  if (unknown !== undefined)
    throw new HttpError(400, `invalid volume specification: '${text}': invalid mode: ${unknown}`);
  if (!isPath) return { ...volume({ volume: source, target }), readOnly, noCopy };
  return {
    ...bind({ source, target }),
    ...{ readOnly, createSource: true, recursive: !words.includes('bind') },
    ...(propagation && { propagation }),
  };
}

function parseTmpfs(target: string, options: string): Mount {
  const words = options.split(',');
  return {
    type: 'tmpfs',
    target: shortestPath(target),
    readOnly: words.includes('ro'),
    options: words.filter((word) => !['', 'ro', 'rw'].includes(word)),
  };
}

function parseMount(mount: AskedMount): Mount {
  const { Type: type, Source: source, ReadOnly: readOnly } = mount;
  if (!mount.Target.startsWith('/'))
    throw new HttpError(
      400,
      `invalid mount config for type "${type}": invalid mount path: '${mount.Target}'`,
    );
  const target = shortestPath(mount.Target);
  switch (type) {
    case 'bind':
      return bindMount(mount, target);
    case 'volume': {
      const { NoCopy = false, Subpath = '', DriverConfig = null } = mount.VolumeOptions ?? {};
      const driver = DriverConfig?.Name ?? '';
      if (driver !== '' && driver !== 'local') throw noDriver(driver);
      return {
        ...volume({ volume: source, target }),
        ...{ readOnly, noCopy: NoCopy, subpath: shortestPath(Subpath) },
      };
    }
    case 'tmpfs': {
      const { SizeBytes = 0, Mode = 0 } = mount.TmpfsOptions ?? {};
      const size = SizeBytes > 0 ? [`size=${SizeBytes}`] : [];
      const mode = Mode > 0 ? [`mode=${Mode.toString(8)}`] : [];
      return { type, target, readOnly, options: [...size, ...mode] };
    }
    case 'image': {
      const subpath = shortestPath(mount.ImageOptions?.Subpath ?? '');
      return { type, image: source, id: '', layers: [], target, readOnly: true, overlay: false, subpath };
    }
    default:
      throw new HttpError(
        400,
        `invalid mount config: the type '${type}' is not bind, volume, tmpfs or image`,
      );
  }
}

function bindMount(
  { Source: source, ReadOnly: readOnly, BindOptions: options }: AskedMount,
  target: string,
): Mount {
  if (!source.startsWith('/'))
    throw new HttpError(400, `invalid mount config for type "bind": invalid mount path: '${source}'`);
  const asked = options?.Propagation ?? '';
  const propagation = propagations.find((word) => word === asked);
  if (asked !== '' && propagation === undefined)
    throw new HttpError(400, `invalid mount config for type "bind": invalid propagation mode: ${asked}`);
  return {
    ...bind({ source, target }),
    ...{ readOnly, createSource: options?.CreateMountpoint ?? false },
    recursive: !(options?.NonRecursive ?? false),
    readOnlyNonRecursive: readOnly && (options?.ReadOnlyNonRecursive ?? false),
    ...(propagation && { propagation }),
  };
}
