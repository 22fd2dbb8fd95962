import type { RootfsInput } from '../../proto/gen/types/liker/v1/Rootfs.ts';
import { absolutePath, looksLikePath } from './paths.ts';

/** Parses DIR, DIR:rw or DIR:ro; anything but a path is an image, whose name likerd checks. */
export function parseRootfs(text: string): RootfsInput {
  const [, directory = text, mode] = /^(.*):(rw|ro)$/s.exec(text) ?? [];
  if (!looksLikePath(directory)) return { image: text };
  return { directory: absolutePath(directory), mode: rootfsMode(mode) };
}

function rootfsMode(mode: string | undefined): 'MODE_READ_WRITE' | 'MODE_READ_ONLY' | 'MODE_OVERLAY' {
  if (mode === 'rw') return 'MODE_READ_WRITE';
  return mode === 'ro' ? 'MODE_READ_ONLY' : 'MODE_OVERLAY';
}
