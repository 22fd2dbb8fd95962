import { join } from 'node:path';

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
