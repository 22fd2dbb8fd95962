import type { Command } from '../cli/command.ts';
import type { FlagValues } from '../cli/flag.ts';
import { UsageError } from '../cli/usage-error.ts';
import { containers } from '../connection/methods.ts';
import { resourceFlags } from '../spec/resource-flags.ts';
import { parseResources } from '../spec/resources.ts';
import { forEachContainer, severalContainers } from './for-each.ts';

export const update: Command = {
  name: 'update',
  summary: 'Change the limits of containers, of those that run at once. What is not named stays as it is',
  example: 'likerctl update --memory 256m --cpus 0.5 web',
  flags: resourceFlags,
  ...severalContainers,
  async run({ flags, operands, context }) {
    requireSome(flags);
    const resources = parseResources(flags);
    const connection = await context.connect();
    return forEachContainer(operands, async (container) => {
      await connection.unary(containers.UpdateContainer, { container, resources });
      return container;
    });
  },
};

function requireSome(flags: FlagValues): void {
  if (resourceFlags.some(({ name }) => flags.has(name))) return;
  throw new UsageError('update', 'requires at least one limit to change, such as --memory 256m');
}
