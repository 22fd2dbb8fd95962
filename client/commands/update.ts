import type { Command } from '../cli/command.ts';
import type { Flag, FlagValues } from '../cli/flag.ts';
import { UsageError } from '../cli/usage-error.ts';
import { containers } from '../connection/methods.ts';
import { egressFlag, parseEgress } from '../request/egress.ts';
import { resourceFlags } from '../request/resource-flags.ts';
import { parseResources } from '../request/resources.ts';
import { parseRestart, restartFlag } from '../request/restart.ts';
import { callForEach, severalContainers } from './for-each.ts';

const flags: readonly Flag[] = [...resourceFlags, restartFlag, egressFlag];

export const update: Command = {
  name: 'update',
  summary:
    'Change limits, the restart policy and the egress policy of containers, at once if they are running. What is not given stays as it is',
  example: 'likerctl update --memory 256m --cpus 0.5 web',
  flags,
  ...severalContainers,
  async run(invocation) {
    const { flags } = invocation;
    requireSome(flags);
    const resources = parseResources(flags);
    const policy = flags.text('restart');
    const restart = policy === undefined ? null : parseRestart(policy);
    const egress = parseEgress(flags);
    return callForEach(invocation, containers.UpdateContainer, (container) => ({
      container,
      resources,
      restart,
      egress,
    }));
  },
};

function requireSome(given: FlagValues): void {
  if (flags.some(({ name }) => given.has(name))) return;
  throw new UsageError('update', 'requires at least one limit, such as --memory 256m');
}
