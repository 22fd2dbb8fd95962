import { notHeld, type Step } from '../../../kernel/plan/steps.ts';
import type { HostProcess } from '../../../kernel/process/host-process.ts';
import { type IdMaps, sameMaps, toOutside } from '../../../kernel/users/id-maps.ts';

/** The user namespace of a container: one of its own, or that of another container, whose first process is `process`. Null: the host's. */
export type UserNamespace =
  | { readonly kind: 'own'; readonly maps: IdMaps }
  | { readonly kind: 'join'; readonly process: HostProcess; readonly maps: IdMaps }
  | null;

/** Whose ids the owners of a bind's files are: those on the disk, those of the container, or others. */
export type MountMap = 'none' | 'container' | IdMaps;

/** The user namespaces that a plan holds: first the container's, then those by which mounts are mapped. */
export class HeldMaps {
  readonly steps: readonly Step[];
  readonly #maps: IdMaps[] = [];

  constructor(userNamespace: UserNamespace, mounts: readonly MountMap[]) {
    if (userNamespace !== null) this.#maps.push(userNamespace.maps);
    for (const map of mounts)
      if (typeof map === 'object' && !this.#maps.some((known) => sameMaps(known, map))) this.#maps.push(map);
    this.steps = this.#maps.map(
      (maps, index): Step =>
        index === 0 && userNamespace?.kind === 'join'
          ? { step: 'join-user', ...userNamespace.process }
          : { step: 'id-map', ...maps },
    );
    this.container = userNamespace === null ? notHeld : 0;
  }

  /** The number of the container's. */
  readonly container: number;

  numberOf(map: MountMap): number {
    if (map === 'none') return notHeld;
    return map === 'container' ? this.container : this.#maps.findIndex((known) => sameMaps(known, map));
  }
}

/** Root inside, as its ids are on the host. */
export function innerRoot({ uids, gids }: IdMaps): { readonly uid: number; readonly gid: number } {
  return { uid: toOutside(uids, 0) ?? notHeld, gid: toOutside(gids, 0) ?? notHeld };
}

/** Whether a group exists inside. */
export function hasGroup(userNamespace: UserNamespace, gid: number): boolean {
  return userNamespace === null || toOutside(userNamespace.maps.gids, gid) !== null;
}
