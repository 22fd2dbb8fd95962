import { own } from '../../../../common/own.ts';
import { type Mount, mountSource } from '../../../engine/containers/model/spec.ts';

/** A mount as inspect and lists have it. */
export function mountRecord(mount: Mount, volumePaths: Readonly<Record<string, string>>): object {
  const all = { Destination: mount.target, Mode: modeOf(mount), RW: !mount.readOnly };
  switch (mount.type) {
    case 'volume': {
      const path = own(volumePaths, mount.volume) ?? '';
      const source = mount.subpath === '' ? path : `${path}/${mount.subpath}`;
      return { Type: 'volume', Name: mount.volume, Source: source, Driver: 'local', ...all, Propagation: '' };
    }
    case 'bind':
      return { Type: 'bind', Source: mount.source, ...all, Propagation: mount.propagation };
    default:
      return { Type: mount.type, Source: mountSource(mount), ...all, Propagation: '' };
  }
}

/** SOURCE:TARGET[:OPTIONS]; null for what is no bind and no volume. */
export function bindText(mount: Mount): string | null {
  if (mount.type !== 'bind' && mount.type !== 'volume') return null;
  const mode = modeOf(mount);
  return [mountSource(mount), mount.target, ...(mode === '' ? [] : [mode])].join(':');
}

function modeOf(mount: Mount): string {
  const options = mount.type === 'tmpfs' ? mount.options : [];
  const noCopy = mount.type === 'volume' && mount.noCopy;
  return [...(mount.readOnly ? ['ro'] : []), ...(noCopy ? ['nocopy'] : []), ...options].join(',');
}
