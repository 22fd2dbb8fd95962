import type { Command } from '../cli/command.ts';
import { volumes } from '../connection/methods.ts';
import { newRequestId } from '../request/request-id.ts';
import { callForEach } from './for-each.ts';

export const volumeRm: Command = {
  name: 'volume rm',
  usage: 'VOLUME [VOLUME...]',
  summary: 'Remove volumes with their files',
  example: 'likerctl volume rm data',
  flags: [{ name: 'force', short: 'f', type: 'bool', help: 'Ignore a missing one' }],
  operands: [1, Number.POSITIVE_INFINITY],
  run(invocation) {
    const force = invocation.flags.bool('force');
    return callForEach(invocation, volumes.RemoveVolume, (name) => ({
      name,
      force,
      requestId: newRequestId(),
    }));
  },
};
