import { readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { badArgument } from '../common/errors.ts';
import type { Identities } from './engine/context.ts';
import type { DeviceNode } from './engine/plan/devices.ts';
import { askedUser } from './engine/plan/user.ts';
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

function hostDevices(folder = '/dev'): DeviceNode[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry): DeviceNode[] => {
    const path = join(folder, entry.name);
    if (own.has(path)) return [];
    if (entry.isDirectory()) return hostDevices(path);
    if (!entry.isCharacterDevice() && !entry.isBlockDevice()) return [];
    return [deviceNode(path, statSync(path))];
  });
}

function deviceNode(path: string, stat: Stats): DeviceNode {
  const type = stat.isCharacterDevice() ? 'c' : 'b';
  return { path, type, ...deviceNumbers(stat.rdev), mode: stat.mode & 0o777 };
}

function devicesAt(hostPath: string, containerPath: string): DeviceNode[] {
  const stat = statSync(hostPath, { throwIfNoEntry: false });
  if (stat?.isDirectory()) {
    const nodes = hostDevices(hostPath);
    if (nodes.length > 0) {
      return nodes.map((node) => ({ ...node, path: containerPath + node.path.slice(hostPath.length) }));
    }
  } else if (stat?.isCharacterDevice() || stat?.isBlockDevice()) return [deviceNode(containerPath, stat)];
  const why = stat === undefined ? 'it does not exist' : 'it is no device';
  throw badArgument('spec.devices', `Cannot give the container the device '${hostPath}': ${why}`);
}
