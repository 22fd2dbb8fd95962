import { dirname, join } from 'node:path';

/** The layers of an overlay, as folders of the host. */
export interface OverlayLayers {
  /** The uppermost first. */
  readonly lowers: readonly string[];
  /** The folder with the writable layer: its folders are "upper" and "work". */
  readonly layer: string;
  /** Nothing of it need reach the disk. */
  readonly volatile: boolean;
  /** Overlayfs keeps its notes in user.overlay.*, since only the host's root may write trusted.overlay.*. */
  readonly userXattr: boolean;
}

/**
 * The folders to be mounted so that all layers are there: one for all layers of an image, which are in one folder. `names` are the
 * layers in it then, and empty otherwise.
 */
export function inOneFolder(lowers: readonly string[]): {
  readonly folders: readonly string[];
  readonly names: readonly string[];
} {
  const folder = dirname(lowers[0] ?? '');
  const begin = join(folder, '/');
  const names = lowers.map((lower) => (lower.startsWith(begin) ? lower.slice(begin.length) : ''));
  const isOne = names.length > 1 && names.every((name) => name !== '' && !name.includes('/'));
  return isOne ? { folders: [folder], names } : { folders: lowers, names: [] };
}

/**
 * Options of mount(2) for an overlay. Colons separate lower layers and commas separate options; a backslash escapes both
 * (Documentation/filesystems/overlayfs.rst).
 */
export function overlayOptions({ lowers, layer, volatile, userXattr }: OverlayLayers): string {
  const escaped = (path: string) => path.replace(/[\\:,]/g, (character) => `\\${character}`);
  const options = [
    `lowerdir=${lowers.map(escaped).join(':')}`,
    `upperdir=${escaped(join(layer, 'upper'))}`,
    `workdir=${escaped(join(layer, 'work'))}`,
  ];
  if (volatile) options.push('volatile');
  if (userXattr) options.push('userxattr');
  return options.join(',');
}
