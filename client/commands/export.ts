import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { badArgument } from '../../common/errors.ts';
import type { Command, Invocation } from '../cli/command.ts';
import { fileProblem } from '../cli/file-problem.ts';
import type { Connection } from '../connection/connection.ts';
import { files } from '../connection/methods.ts';
import { Sink } from '../output/sink.ts';

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
    if (file === undefined && process.stdout.isTTY)
      throw badArgument(
        'output',
        'Cannot export: stdout is a terminal; name a file with -o, or send it to one',
      );
    const bytes = archiveOf(await context.connect(), container);
    if (file === undefined) await toStdout(bytes);
    else await toFile(bytes, file);
    return 0;
  },
};

async function* archiveOf(connection: Connection, container: string): AsyncGenerator<Uint8Array> {
  for await (const { data } of connection.messages(files.ExportFiles, () => ({ container }), {
    follows: false,
  }))
    yield data;
}

async function toStdout(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const sink = new Sink(process.stdout);
  for await (const chunk of bytes) await sink.write(chunk);
  await sink.flush();
}

/** A file that is not whole does not stay. */
async function toFile(bytes: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  const output = createWriteStream(path, { mode: 0o600 });
  try {
    await pipeline(bytes, output);
  } catch (error) {
    if (output.pending) throw badArgument('output', `Cannot write '${path}': ${fileProblem(error, 'write')}`);
    await rm(path, { force: true });
    throw error;
  }
}
