import { userNamespaceModes } from '../../common/user-namespace-modes.ts';
import type { NamespacesInput } from '../../proto/gen/types/liker/v1/Namespaces.ts';
import type { FlagValues } from '../cli/flag.ts';
import { invalidFlag, unsupportedFlag } from './invalid-flag.ts';

/** Parses --pid, --ipc, --uts, --cgroupns and --userns. `network`: of parseNetworks. Throws BAD_ARGUMENT. */
export function parseNamespaces(flags: FlagValues, network: string): NamespacesInput {
  return {
    pid: shared(flags, 'pid', ['private']),
    ipc: shared(flags, 'ipc', ['private', 'shareable']),
    uts: flags.text('uts') === 'host' ? 'host' : '',
    cgroup: flags.text('cgroupns') === 'host' ? 'host' : '',
    network,
    user: parseUser(flags),
  };
}

function shared(flags: FlagValues, name: string, own: readonly string[]): string {
  const mode = flags.text(name) ?? '';
  if (mode === '' || own.includes(mode)) return '';
  if (mode === 'host' || /^container:.+/.test(mode)) return mode;
  if (mode === 'none') throw unsupportedFlag(name, mode, 'use private for a namespace of its own');
  throw invalidFlag(name, mode, 'use private, host or container:NAME');
}

/** Empty: the daemon's default. What is a mode, the daemon says, except Podman's forms with options and others of its words. */
function parseUser(flags: FlagValues): string {
  const mode = flags.text('userns') ?? '';
  if (/^(auto|keep-id):|^(nomap|private)$|^ns:/.test(mode))
    throw unsupportedFlag('userns', mode, `use ${userNamespaceModes}`);
  return mode;
}
