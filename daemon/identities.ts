import type { Stats } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { badArgument, type LikerError } from '../common/errors.ts';
import type { DeviceNode } from './engine/containers/model/device-node.ts';
import { askedUser } from './engine/containers/plan/user.ts';
import type { Identities } from './engine/context.ts';
import { deviceNumbers } from './kernel/cgroup/controllers/block-device.ts';
import { ownNetworkSysctls } from './kernel/network/sysctls.ts';
import { seccompAvailable, seccompFilter, warm } from './kernel/seccomp/filter.ts';
import {
  capabilityNames,
  containerCapabilities,
  daemonCapabilities,
} from './kernel/security/capabilities.ts';
import { maskedPaths, readOnlyPaths } from './kernel/security/paths.ts';
import { resolveRlimits } from './kernel/security/rlimits.ts';

/** Resolves who a process is to be, from the kernel adapters of users, capabilities, rlimits and seccomp. */
export function makeIdentities(): Identities {
  const seccomp = seccompAvailable();
  // Building a filter takes some ten milliseconds, which no container should wait for.
  if (seccomp) warm();
  return {
    maskedPaths,
    readOnlyPaths,
    networkSysctls: ownNetworkSysctls,
    seccomp,
    capabilityNames: capabilityNames(daemonCapabilities()),
    hostDevices,
    devicesAt,
    resolve: (spec, process) => {
      const capabilities = containerCapabilities({
        add: spec.capAdd,
        drop: spec.capDrop,
        privileged: process.privileged,
      });
      const confined = seccomp && !spec.seccompUnconfined && !process.privileged;
      return {
        user: askedUser(process.user, process.additionalGroups),
        capabilities,
        rlimits: resolveRlimits(process.rlimits),
        seccomp: confined ? seccompFilter(capabilities) : null,
      };
    },
  };
}

/** Folders of /dev that a container has of its own. */
const own = new Set(['/dev/pts', '/dev/shm', '/dev/mqueue', '/dev/console', '/dev/ptmx']);

/** A folder of devices has a few hundred entries: a larger folder is not walked to its end. */
const mostEntries = 10_000;

async function hostDevices(folder = '/dev'): Promise<DeviceNode[]> {
  const nodes: Promise<DeviceNode | null>[] = [];
  const folders = [folder];
  let left = mostEntries;
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    for await (const entry of await opendir(next, { bufferSize: 256 })) {
      left -= 1;
      if (left < 0)
        throw notADevice(folder, `it holds more than ${mostEntries} files; name a folder of devices`);
      const path = join(next, entry.name);
      if (own.has(path)) continue;
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isCharacterDevice() || entry.isBlockDevice()) nodes.push(nodeAt(path));
    }
  }
  const found = (await Promise.all(nodes)).filter((node) => node !== null);
  return found.sort((one, other) => (one.path < other.path ? -1 : 1));
}

/** Null if it has gone meanwhile. */
async function nodeAt(path: string): Promise<DeviceNode | null> {
  const found = await stat(path).catch(() => null);
  return found && deviceNode(path, found);
}

function deviceNode(path: string, stat: Stats): DeviceNode {
  const type = stat.isCharacterDevice() ? 'c' : 'b';
  return { path, type, ...deviceNumbers(stat.rdev), mode: stat.mode & 0o777 };
}

async function devicesAt(hostPath: string, containerPath: string): Promise<DeviceNode[]> {
  const found = await stat(hostPath).catch(() => null);
  if (found?.isDirectory()) {
    const nodes = await hostDevices(hostPath);
    if (nodes.length > 0) {
      return nodes.map((node) => ({ ...node, path: containerPath + node.path.slice(hostPath.length) }));
    }
  } else if (found?.isCharacterDevice() || found?.isBlockDevice()) return [deviceNode(containerPath, found)];
  throw notADevice(hostPath, found === null ? 'it does not exist' : 'it is no device');
}

function notADevice(hostPath: string, why: string): LikerError {
  return badArgument('spec.devices', `Cannot give the container the device '${hostPath}': ${why}`);
}
