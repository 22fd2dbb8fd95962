import { readFileSync } from 'node:fs';
import { isHostsMap } from '../../../common/hosts-map.ts';
import { type IdMaps, type IdRun, toOutside } from './id-maps.ts';

/** Parses /proc/PID/uid_map or gid_map: what the ids of the namespace are in that of the reader, or its parent if it is the reader's. */
export function parseMap(text: string): IdRun[] {
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter((numbers) => numbers.length === 3)
    .map(([inside = 0, outside = 0, count = 0]) => ({ inside, outside, count }));
}

let own: IdMaps | null = null;

/** The maps of likerd's own user namespace. */
export function ownMaps(): IdMaps {
  own ??= {
    uids: parseMap(readFileSync('/proc/self/uid_map', 'latin1')),
    gids: parseMap(readFileSync('/proc/self/gid_map', 'latin1')),
  };
  return own;
}

export interface HostUser {
  readonly uid: number;
  /** The uid, if he has none. */
  readonly name: string;
}

/** Whom likerd's root is on the host. */
export function ownUser(): HostUser {
  const uid = toOutside(ownMaps().uids, 0) ?? 0;
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.split(':')[2] === String(uid));
  return { uid, name: line?.split(':')[0] ?? String(uid) };
}

/** Whether likerd's root is the host's. If not, an ordinary user started it, or the root of a container. */
export function isRootOnHost(): boolean {
  return isHostsMap(readFileSync('/proc/self/uid_map', 'latin1'));
}

/** An id that this user namespace lacks, as the kernel shows it: /proc/sys/kernel/overflowuid. */
const nobody = 65_534;

/** Ids of likerd's user namespace, as they are on the host. */
export function onHost<Ids extends { readonly uid: number; readonly gid: number }>(ids: Ids): Ids {
  const { uids, gids } = ownMaps();
  const outside = (runs: readonly IdRun[], id: number) => (id === nobody ? id : (toOutside(runs, id) ?? id));
  return { ...ids, uid: outside(uids, ids.uid), gid: outside(gids, ids.gid) };
}
