import { badArgument, LikerError } from '../../common/errors.ts';
import { parseImageName } from '../../common/image-name.ts';
import type { ImportStartInput } from '../../proto/gen/types/liker/v1/ImportStart.ts';
import type { Command, Invocation } from '../cli/command.ts';
import type { Connection } from '../connection/connection.ts';
import { images } from '../connection/methods.ts';
import { archiveRequests, upload } from '../connection/upload.ts';
import { notice } from '../output/notice.ts';
import { printLines } from '../output/print.ts';
import { isTerminal } from '../output/streams.ts';
import { archiveOf } from './archive-of.ts';
import { download } from './download.ts';
import { changeFlag, historyOf, messageFlag } from './image-flags.ts';

export const importCommand: Command = {
  name: 'import',
  usage: 'FILE|DIR|URL|- [NAME[:TAG]]',
  summary: 'Make an image of a root file system: a tar, compressed or not, or a directory',
  example: 'likerctl import -c \'CMD ["bash"]\' root.tar.xz mine:1',
  flags: [
    changeFlag,
    messageFlag,
    {
      name: 'platform',
      type: 'string',
      value: 'OS/ARCH',
      help: "What its programs are made for, if not the machine's own",
    },
  ],
  operands: [1, 2],
  run: importRoot,
};

async function importRoot({
  flags,
  operands: [source = '', name = ''],
  context,
}: Invocation): Promise<number> {
  if (name !== '') parseImageName(name, 'name');
  const start = {
    name,
    source,
    ...historyOf(flags),
    platform: flags.text('platform') ?? '',
  };
  printLines([await makeImage(await context.connect(), start, bytesOf(source))]);
  return 0;
}

/** Makes an image of a tar, and returns its id. */
export async function makeImage(
  connection: Connection,
  start: ImportStartInput,
  bytes: AsyncIterable<Uint8Array>,
): Promise<string> {
  let id: string | undefined;
  const requests = archiveRequests(start, bytes);
  for await (const { image, warnings } of upload(connection, images.ImportImage, requests)) {
    for (const warning of warnings) notice(warning);
    id = image?.id;
  }
  if (id === undefined) throw new LikerError('INTERNAL', 'likerd ended the import without a result');
  return id;
}

function bytesOf(source: string): AsyncIterable<Uint8Array> {
  if (/^https?:\/\//.test(source)) return download(source);
  if (source !== '-') return archiveOf(source);
  if (isTerminal('stdin'))
    throw badArgument('input', 'Cannot import: stdin is a terminal; give a file, or a tar on stdin');
  return archiveOf(undefined);
}
