import { mountAttr, ms, notHeld, type Step, type StepOf } from '../../../kernel/plan/steps.ts';
import type { HeldMaps, MountMap } from './id-maps.ts';
import { inOneFolder } from './overlay.ts';

/** A mount of the user's that is an overlay: the files of an image, or a folder of the host that stays as it is. */
export interface PlannedOverlay {
  readonly type: 'overlay';
  /** Folders of the host, the uppermost first. */
  readonly lowers: readonly string[];
  /** The folder of the host with the layer that is written: its folders are "upper" and "work". */
  readonly layer: string;
  /** What is mounted of it; empty: all. */
  readonly subpath: string;
  readonly target: string;
  readonly readOnly: boolean;
  /** Whose ids the owners of the files in `lowers` are. */
  readonly map: MountMap;
}

/** How overlays are mounted: held from number `first` on, each behind its layers, and put into place among the other mounts. */
export function overlayMounts(
  overlays: readonly PlannedOverlay[],
  held: HeldMaps,
  {
    first,
    mountPoint,
    userXattr,
  }: { readonly first: number; readonly mountPoint: string; readonly userXattr: boolean },
): { readonly take: Step[]; readonly place: StepOf<'place'>[] } {
  const take: Step[] = [];
  const place: StepOf<'place'>[] = [];
  // Who may not write trusted.overlay.* may not idmap either.
  const layerMap = userXattr ? notHeld : held.container;
  const hold = (step: Step): number => first + take.push(step) - 1;
  for (const { lowers, layer, subpath, target, readOnly, map } of overlays) {
    const { folders, names } = inOneFolder(lowers);
    const trees = folders.map((folder) => hold(takeFolder(folder, held.numberOf(map))));
    const overlay: StepOf<'take-overlay'> = {
      step: 'take-overlay',
      at: mountPoint,
      lowers: trees,
      names,
      layer: hold(takeFolder(layer, layerMap)),
      // What is thrown away need not reach the disk.
      volatile: true,
      ...{ uid: 0, gid: 0, userXattr },
      attributes: readOnly ? mountAttr.RDONLY : 0,
      below: subpath,
      ...{ folder: '', needs: [] },
    };
    place.push({ step: 'place', tree: hold(overlay), target, optional: false });
  }
  return { take, place };
}

function takeFolder(source: string, map: number): StepOf<'take'> {
  return {
    step: 'take',
    source,
    recursive: false,
    attributes: 0,
    topOnly: false,
    propagation: ms.SLAVE,
    map,
    optional: false,
  };
}
