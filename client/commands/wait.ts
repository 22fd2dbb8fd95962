import { own } from '../../common/own.ts';
import type { WaitCondition } from '../../proto/gen/types/liker/v1/WaitCondition.ts';
import type { Command } from '../cli/command.ts';
import { containers } from '../connection/methods.ts';
import { forEachAtOnce, severalContainers } from './for-each.ts';

const conditions: Readonly<Record<string, WaitCondition>> = {
  'not-running': 'WAIT_CONDITION_NOT_RUNNING',
  'next-exit': 'WAIT_CONDITION_NEXT_EXIT',
  removed: 'WAIT_CONDITION_REMOVED',
  healthy: 'WAIT_CONDITION_HEALTHY',
};

export const wait: Command = {
  name: 'wait',
  ...severalContainers,
  summary: 'Wait until containers end, and print their exit codes, or until they are healthy',
  example: 'likerctl wait web',
  flags: [
    {
      name: 'condition',
      type: 'string',
      choices: Object.keys(conditions),
      value: 'WHAT',
      fallback: 'not-running',
      help: 'not-running, next-exit, removed, or healthy (then the code is 0)',
    },
  ],
  async run({ flags, operands, context }) {
    const connection = await context.connect();
    const condition =
      own(conditions, flags.text('condition') ?? 'not-running') ?? 'WAIT_CONDITION_NOT_RUNNING';
    return forEachAtOnce(operands, async (container) => {
      const { exit } = await connection.unary(containers.WaitContainer, { container, condition });
      return String(exit?.code ?? 0);
    });
  },
};
