import { mountAttr, ms, type Step, type StepOf } from '../../../kernel/plan/steps.ts';
import type { HeldMaps, MountMap } from './id-maps.ts';

/** A volume of the user's, as a folder of the host. */
export interface PlannedVolume {
  readonly type: 'volume';
  /** Absolute path of the volume's files. */
  readonly source: string;
  /** Of a file or folder in it; empty: the whole. */
  readonly subpath: string;
  readonly target: string;
  readonly readOnly: boolean;
  /** Whose ids the owners of its files are. */
  readonly map: MountMap;
  /** Whether the root's files at the target are copied into it: `again` if a copy was begun that may not be whole. */
  readonly fill: 'no' | 'first' | 'again';
}

/** A step that puts a volume into place. */
export type VolumeStep = StepOf<'place' | 'read-only'>;

/**
 * How volumes are mounted: cloned before all other mounts, as trees that are held from number `first` on; filled from the root before
 * anything is mounted in it; and put into place among the other mounts.
 */
export function volumeMounts(
  volumes: readonly PlannedVolume[],
  held: HeldMaps,
  first: number,
): { readonly take: Step[]; readonly fill: Step[]; readonly place: VolumeStep[] } {
  const trees = volumes.map((volume, index) => ({ volume, tree: first + index }));
  return {
    take: volumes.map((volume) => takeStep(volume, held)),
    fill: trees
      .filter(({ volume }) => volume.fill !== 'no')
      .map(({ volume: { target, fill }, tree }) => ({ step: 'fill', tree, target, again: fill === 'again' })),
    place: trees.flatMap(({ volume: { target, readOnly, fill }, tree }): VolumeStep[] => [
      { step: 'place', tree, target, optional: false },
      ...(readOnly && fill !== 'no' ? [{ step: 'read-only', target } as const] : []),
    ]),
  };
}

/** A tree that is to be filled becomes read-only afterwards. */
function takeStep({ source, subpath, readOnly, map, fill }: PlannedVolume, held: HeldMaps): Step {
  const how = {
    source,
    recursive: false,
    attributes: readOnly && fill === 'no' ? mountAttr.RDONLY : 0,
    topOnly: false,
    propagation: ms.PRIVATE | ms.REC,
    map: held.numberOf(map),
    optional: false,
  };
  return subpath === '' ? { step: 'take', ...how } : { step: 'take-below', path: subpath, ...how };
}
