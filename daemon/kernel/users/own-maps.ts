import { readFileSync } from 'node:fs';
import { isHostsMap } from '../../../common/hosts-map.ts';
import type { IdMaps, IdRun } from './id-maps.ts';

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

/** Whether likerd's root is the host's. If not, an ordinary user started it, or the root of a container. */
export function isRootOnHost(): boolean {
  return isHostsMap(readFileSync('/proc/self/uid_map', 'latin1'));
}
