import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { badArgument } from '../../../../common/errors.ts';
import type { EngineContext } from '../../context.ts';
import { layerFolders } from '../../images/roots.ts';
import type { Mount } from '../model/spec.ts';
import type { RunResource } from './run-resource.ts';

/** The layers of mounts that are overlays: empty at each start, thrown away at the end. */
export const overlays: RunResource = {
  async acquire(context, { container: { id, spec } }) {
    for (const [index, mount] of spec.mounts.entries())
      await makeOverlay(context, id, { mount, field: `spec.mounts[${index}].source` });
  },

  release: (context, { id }) => context.folders.discardOverlays(id),
};

/** Makes the layer of a mount that is an overlay; does nothing for another mount. Errors: BAD_ARGUMENT. */
export async function makeOverlay(
  context: EngineContext,
  id: string,
  { mount, field }: { readonly mount: Mount; readonly field: string },
): Promise<void> {
  const source = lowestOf(context, mount);
  if (source === null) return;
  const found = await stat(source).catch((error: NodeJS.ErrnoException) =>
    refuse(source, field, `${error.code}`),
  );
  requireFolder(source, found, field);
  context.folders.createOverlay(id, mount.target, found);
}

/** The folder whose owner and mode the overlay shows; null: the mount is none. */
function lowestOf({ images, volumes }: EngineContext, mount: Mount): string | null {
  if (mount.type === 'image') return layerFolders(images, mount.layers)[0] ?? null;
  if (mount.type === 'tmpfs' || !mount.overlay) return null;
  return mount.type === 'bind' ? mount.source : volumes.folderOf(mount.volume);
}

function requireFolder(source: string, found: Stats, field: string): void {
  if (!found.isDirectory()) refuse(source, field, 'only a folder can be an overlay, and it is a file');
}

function refuse(source: string, field: string, why: string): never {
  throw badArgument(field, `Cannot mount '${source}' as an overlay: ${why}`);
}
