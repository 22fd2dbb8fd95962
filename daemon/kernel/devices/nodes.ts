import type { Stats } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { deviceNumbers } from '../../../common/device-numbers.ts';
import { badArgument, type LikerError } from '../../../common/errors.ts';

/** A device node, and its path in the container. */
export interface DeviceNode {
  readonly path: string;
  readonly hostPath: string;
  readonly type: 'c' | 'b';
  readonly major: number;
  readonly minor: number;
  readonly mode: number;
  /** Of the container: the same numbers as on the host, so that `--group-add` gives access to a device of a group. */
  readonly uid: number;
  readonly gid: number;
}

/** Files of /dev that each container has of its own. */
const own = new Set(['/dev/pts', '/dev/shm', '/dev/mqueue', '/dev/console', '/dev/ptmx']);

/** Limit of a search: a folder of devices has a few hundred entries. */
const mostEntries = 10_000;

/** All device nodes below a folder of the host, sorted by path. */
export async function nodesBelow(folder: string): Promise<DeviceNode[]> {
  const nodes: Promise<DeviceNode | null>[] = [];
  const folders = [folder];
  let left = mostEntries;
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    for await (const entry of await opendir(next, { bufferSize: 256 })) {
      left -= 1;
      if (left < 0)
        throw notADevice(folder, `it contains more than ${mostEntries} files; give a folder of devices`);
      const path = join(next, entry.name);
      if (own.has(path)) continue;
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isCharacterDevice() || entry.isBlockDevice()) nodes.push(nodeAt(path));
    }
  }
  const found = (await Promise.all(nodes)).filter((node) => node !== null);
  return found.sort((one, other) => (one.path < other.path ? -1 : 1));
}

/** Null if it no longer exists. */
async function nodeAt(path: string): Promise<DeviceNode | null> {
  const found = await stat(path).catch(() => null);
  return found && deviceNode(path, found);
}

function deviceNode(path: string, stat: Stats): DeviceNode {
  const type = stat.isCharacterDevice() ? 'c' : 'b';
  return {
    path,
    hostPath: path,
    type,
    ...deviceNumbers(stat.rdev),
    mode: stat.mode & 0o777,
    uid: stat.uid,
    gid: stat.gid,
  };
}

/** The node at a path of the host, or all nodes below a folder, with their paths in the container. Rejects with BAD_ARGUMENT. */
export async function nodesAt(hostPath: string, containerPath: string): Promise<DeviceNode[]> {
  const found = await stat(hostPath).catch(() => null);
  if (found?.isDirectory()) {
    const nodes = await nodesBelow(hostPath);
    if (nodes.length > 0) {
      return nodes.map((node) => ({ ...node, path: containerPath + node.path.slice(hostPath.length) }));
    }
  } else if (found?.isCharacterDevice() || found?.isBlockDevice())
    return [{ ...deviceNode(hostPath, found), path: containerPath }];
  throw notADevice(hostPath, found === null ? 'it does not exist' : 'it is not a device');
}

function notADevice(hostPath: string, why: string): LikerError {
  return badArgument('spec.devices', `Cannot add the device '${hostPath}': ${why}`);
}
