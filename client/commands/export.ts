import { badArgument } from '../../common/errors.ts';
import type { Command, Invocation } from '../cli/command.ts';
import type { Connection } from '../connection/connection.ts';
import { files } from '../connection/methods.ts';
import { isOnTerminal } from '../output/print.ts';
import { writeArchive } from './write-archive.ts';

export const exportFiles: Command = {
  name: 'export',
  usage: 'CONTAINER',
  summary: 'Write the root file system of a container as a tar archive, without its volumes and mounts',
  example: 'likerctl export -o web.tar web',
  flags: [
    {
      name: 'output',
      short: 'o',
      type: 'string',
      value: 'FILE',
      help: 'Write to this file instead of stdout',
    },
  ],
  operands: [1, 1],
  async run({ flags, operands: [container = ''], context }: Invocation) {
    const file = flags.text('output');
    if (file === undefined && isOnTerminal())
      throw badArgument(
        'output',
        'Cannot export: stdout is a terminal; name a file with -o, or send it to one',
      );
    await writeArchive(file, archiveOf(await context.connect(), container));
    return 0;
  },
};

async function* archiveOf(connection: Connection, container: string): AsyncGenerator<Uint8Array> {
  for await (const { data } of connection.messages(files.ExportFiles, () => ({ container }), {
    follows: false,
    again: 'export again',
  }))
    yield data;
}
