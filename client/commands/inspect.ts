import { LikerError } from '../../common/errors.ts';
import type { Command } from '../cli/command.ts';
import type { Connection } from '../connection/connection.ts';
import { containers } from '../connection/methods.ts';
import { inspectRecord } from '../format/inspect.ts';
import { severalContainers } from './for-each.ts';
import { inspectEach } from './inspect-each.ts';

export const inspect: Command = {
  name: 'inspect',
  ...severalContainers,
  summary: 'Print details of containers, as JSON',
  example: "likerctl inspect -f '{{.State.Status}}' web",
  flags: [
    {
      name: 'format',
      short: 'f',
      type: 'string',
      value: 'FORMAT',
      help: "json, or a template such as '{{.State.Pid}}'",
    },
    { name: 'size', short: 's', type: 'bool', help: "Include the size of each container's own layer" },
    { name: 'type', type: 'string', choices: ['container'], value: 'TYPE', help: 'container' },
  ],
  run: (invocation) => {
    const withSize = invocation.flags.bool('size');
    return inspectEach(invocation, (connection, name) => fetchRecord(connection, name, withSize));
  },
};

async function fetchRecord(connection: Connection, name: string, withSize: boolean): Promise<object> {
  const { container } = await connection.unary(containers.GetContainer, { container: name, withSize });
  if (container === null) throw new LikerError('INTERNAL', `likerd returned no container for '${name}'`);
  return inspectRecord(container);
}
