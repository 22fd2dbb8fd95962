import { badArgument } from '../../common/errors.ts';
import { own } from '../../common/own.ts';
import type { SaveImagesRequestInput } from '../../proto/gen/types/liker/v1/SaveImagesRequest.ts';
import type { Command, Invocation } from '../cli/command.ts';
import type { Connection } from '../connection/connection.ts';
import { images } from '../connection/methods.ts';
import { saveWords } from '../format/progress-bar.ts';
import { isOnTerminal } from '../output/print.ts';
import { isTerminal } from '../output/streams.ts';
import { LayerLines } from './layer-lines.ts';
import { archiveToFolder } from './layout-folder.ts';
import { writeArchive } from './write-archive.ts';

const formats = {
  'oci-archive': 'FORMAT_OCI',
  'docker-archive': 'FORMAT_DOCKER',
  'oci-dir': 'FORMAT_OCI',
} as const;

const compressions = {
  none: 'COMPRESSION_NONE',
  gzip: 'COMPRESSION_GZIP',
  zstd: 'COMPRESSION_ZSTD',
} as const;

export const save: Command = {
  name: 'save',
  usage: 'IMAGE...',
  summary: 'Write images into an archive, which load takes, and Docker and other tools',
  example: 'likerctl save -o debian.tar debian:13',
  flags: [
    {
      name: 'output',
      short: 'o',
      type: 'string',
      value: 'PATH',
      help: 'Write this file, or with --format oci-dir this directory, instead of stdout',
    },
    {
      name: 'format',
      type: 'string',
      value: 'FORMAT',
      choices: Object.keys(formats),
      help: 'OCI layout as tar or directory, or the form of docker before 25; by default a tar that is both',
    },
    {
      name: 'compression',
      type: 'string',
      value: 'HOW',
      choices: Object.keys(compressions),
      help: "How layers are compressed; by default as they came with --keep-blobs, else 'none'",
    },
    {
      name: 'platform',
      type: 'string',
      value: 'OS/ARCH',
      help: 'Not supported',
      docker: { passes: /^$/, instead: 'an image is for one platform here; name its tag' },
    },
    { name: 'quiet', short: 'q', type: 'bool', help: 'Do not show how far the layers are' },
  ],
  operands: [1, Number.POSITIVE_INFINITY],
  run: saveImages,
};

async function saveImages({ flags, operands, context }: Invocation): Promise<number> {
  const output = flags.text('output') || undefined;
  const format = flags.text('format') ?? '';
  if (output === undefined && format === 'oci-dir')
    throw badArgument('output', 'Cannot save: --format oci-dir needs a directory; name it with -o');
  if (output === undefined && isOnTerminal())
    throw badArgument('output', 'Cannot save: stdout is a terminal; name a file with -o, or redirect it');
  const request = {
    images: [...operands],
    format: own(formats, format) ?? 'FORMAT_UNSPECIFIED',
    compression: own(compressions, flags.text('compression') ?? '') ?? 'COMPRESSION_UNSPECIFIED',
  } satisfies SaveImagesRequestInput;
  const bytes = archiveOf(await context.connect(), request, flags.bool('quiet'));
  await writeArchive(output, bytes, format === 'oci-dir' ? archiveToFolder : undefined);
  return 0;
}

/** Progress goes to stderr, if that is a terminal. */
async function* archiveOf(
  connection: Connection,
  request: SaveImagesRequestInput,
  isQuiet: boolean,
): AsyncGenerator<Uint8Array> {
  const layers = isQuiet || !isTerminal('stderr') ? null : new LayerLines(saveWords, 'stderr');
  const frames = connection.messages(images.SaveImages, () => request, {
    follows: false,
    again: 'save again',
  });
  for await (const frame of frames) {
    if (frame.progress) layers?.update(frame.progress);
    if (frame.data) yield frame.data;
  }
}
