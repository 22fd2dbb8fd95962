import type { KillScope } from '../../proto/gen/types/liker/v1/KillScope.ts';
import type { Command } from '../cli/command.ts';
import { containers } from '../connection/methods.ts';
import { newRequestId } from '../request/request-id.ts';
import { callForEach, severalContainers } from './for-each.ts';

export const kill: Command = {
  name: 'kill',
  ...severalContainers,
  summary: 'Send a signal to the main process of containers',
  example: 'likerctl kill -s HUP web',
  flags: [
    { name: 'all', short: 'a', type: 'bool', help: 'Signal every process of the container' },
    {
      name: 'signal',
      short: 's',
      type: 'string',
      value: 'SIGNAL',
      fallback: 'SIGKILL',
      help: 'Name or number of the signal',
    },
  ],
  async run(invocation) {
    const { flags } = invocation;
    const signal = flags.text('signal') ?? '';
    const scope: KillScope = flags.bool('all') ? 'KILL_SCOPE_ALL' : 'KILL_SCOPE_MAIN';
    return callForEach(invocation, containers.KillContainer, (container) => ({
      container,
      signal,
      scope,
      requestId: newRequestId(),
    }));
  },
};
