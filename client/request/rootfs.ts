import { badArgument } from '../../common/errors.ts';
import type { RootfsInput } from '../../proto/gen/types/liker/v1/Rootfs.ts';
import { absolutePath, looksLikePath } from './paths.ts';

/** Parses DIR, DIR:rw or DIR:ro. Throws BAD_ARGUMENT for anything but a path. */
export function parseRootfs(text: string): RootfsInput {
  const [, directory = text, mode] = /^(.*):(rw|ro)$/s.exec(text) ?? [];
  if (!looksLikePath(directory)) {
    throw badArgument(
      'spec.rootfs',
      `Cannot use '${text}' as a root file system: images are not supported yet; write ./${text} for a directory`,
    );
  }
  return { directory: absolutePath(directory), mode: rootfsMode(mode) };
}

function rootfsMode(mode: string | undefined): 'MODE_READ_WRITE' | 'MODE_READ_ONLY' | 'MODE_OVERLAY' {
  if (mode === 'rw') return 'MODE_READ_WRITE';
  return mode === 'ro' ? 'MODE_READ_ONLY' : 'MODE_OVERLAY';
}
