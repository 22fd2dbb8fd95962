import type { Container } from '../containers/model/container.ts';
import { wrongState } from '../containers/model/phase.ts';
import { rootMode } from '../containers/model/spec.ts';
import { lowerFolders } from '../containers/verbs/compile.ts';
import type { EngineContext } from '../context.ts';

/** Whether the container writes into a layer of its own, and not into its root itself. */
export function hasOwnLayer({ spec }: Container): boolean {
  return spec.rootfs.kind === 'image' || rootMode(spec.rootfs) === 'overlay';
}

/** Folders below the container's own layer, the uppermost first. Throws WRONG_STATE if it has none. */
export function layersBelow(context: EngineContext, container: Container): string[] {
  if (hasOwnLayer(container)) return lowerFolders(context, container.spec.rootfs);
  throw wrongState(
    'list the changes of',
    container,
    'its root is a directory of the host itself, of which no earlier state is known',
    'attach',
  );
}
