import { own } from '../../common/own.ts';
import type { Mount } from '../../proto/gen/types/liker/v1/Mount.ts';
import { enumWord } from './enum-word.ts';

/** A mount with Docker's fields. */
export function mountRecord(
  mount: Mount,
  volumePaths: Readonly<Record<string, string>>,
): Record<string, unknown> {
  if (mount.type === 'TYPE_VOLUME') return volumeRecord(mount, own(volumePaths, mount.source) ?? '');
  return {
    Type: enumWord(mount.type, 'TYPE_'),
    Source: mount.source,
    Destination: mount.target,
    Mode: mountOptions(mount),
    RW: !mount.readOnly,
    Propagation: mount.propagation || 'rprivate',
  };
}

function volumeRecord(mount: Mount, path: string) {
  const { source, target, readOnly, subpath } = mount;
  return {
    Type: 'volume',
    Name: source,
    Source: subpath === '' ? path : `${path}/${subpath}`,
    Destination: target,
    Driver: 'local',
    Mode: mountOptions(mount),
    RW: !readOnly,
    Propagation: '',
  };
}

/** As -v and --mount have them. */
export function mountOptions({ readOnly, overlay, noCopy, options, idmap }: Mount): string {
  return [
    ...(readOnly ? ['ro'] : []),
    ...(overlay ? ['O'] : []),
    ...(noCopy ? ['nocopy'] : []),
    ...options,
    ...idmapWords(idmap),
  ].join(',');
}

/** SOURCE:TARGET[:OPTIONS], as -v accepts it. */
export function bindText(mount: Mount): string {
  const options = mountOptions(mount);
  return [mount.source, mount.target, ...(options === '' ? [] : [options])].join(':');
}

function idmapWords(idmap: string): string[] {
  if (idmap === '') return [];
  if (idmap === 'none') return ['noidmap'];
  return [idmap === 'container' ? 'idmap' : `idmap=${idmap}`];
}
