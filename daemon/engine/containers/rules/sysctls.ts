import { badArgument } from '../../../../common/errors.ts';
import type { ContainerSpec, Namespaces } from '../model/spec.ts';

/** Kernel parameters that belong to the IPC namespace: ipc_sysctl.c, mq_sysctl.c of the kernel. */
const ofIpc = new Set([
  ...['kernel.msgmax', 'kernel.msgmnb', 'kernel.msgmni', 'kernel.sem', 'kernel.shmall', 'kernel.shmmax'],
  ...['kernel.shmmni', 'kernel.shm_rmid_forced'],
]);

/**
 * Only parameters of namespaces that are the container's own: any other would change the host or its neighbours.
 * Names come with dots; a slash stands for a dot within a part, as in sysctl(8).
 */
export function checkSysctls({ sysctls, namespaces }: ContainerSpec): void {
  for (const name of Object.keys(sysctls)) checkSysctl(name, namespaces, `spec.sysctls['${name}']`);
}

function checkSysctl(name: string, namespaces: Namespaces, field: string): void {
  if (!/^[a-z0-9_-]+(\.[a-zA-Z0-9_/-]+)+$/.test(name) || name.split(/[./]/).includes(''))
    throw badArgument(
      field,
      `Invalid kernel parameter '${name}': use a name with dots, such as net.core.somaxconn`,
    );
  const problem = problemOf(name, namespaces);
  if (problem !== null) throw badArgument(field, `Cannot set kernel parameter '${name}': ${problem}`);
}

function problemOf(name: string, { ipc, network }: Namespaces): string | null {
  if (name === 'kernel.domainname' || name === 'kernel.hostname')
    return `use the ${name.slice(7)} of the container`;
  const isOfIpc = ofIpc.has(name) || name.startsWith('fs.mqueue.');
  if (!isOfIpc && !name.startsWith('net.'))
    return 'it belongs to no namespace of a container, so it would change the host';
  if ((isOfIpc ? ipc : network).kind === 'private') return null;
  return `the container does not have ${isOfIpc ? 'an IPC' : 'a network'} namespace of its own`;
}
