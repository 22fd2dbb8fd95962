import { badArgument } from '../../common/errors.ts';
import { familiar } from '../../common/image-name.ts';
import type { Command, Invocation } from '../cli/command.ts';
import { images } from '../connection/methods.ts';
import { archiveRequests, upload } from '../connection/upload.ts';
import { pullWords } from '../format/progress-bar.ts';
import { notice } from '../output/notice.ts';
import { printLines } from '../output/print.ts';
import { isTerminal } from '../output/streams.ts';
import { archiveOf } from './archive-of.ts';
import { LayerLines } from './layer-lines.ts';

export const load: Command = {
  name: 'load',
  usage: '',
  summary:
    'Load the images of an archive: an OCI layout, what docker save writes, an App Container image or a root file system, compressed or not, or a directory that holds one',
  example: 'likerctl load -i debian.tar',
  flags: [
    {
      name: 'input',
      short: 'i',
      type: 'string',
      value: 'PATH',
      help: 'Read this file or directory instead of stdin',
    },
    {
      name: 'keep-blobs',
      type: 'bool',
      help: 'Keep the compressed archives of the layers: the images can then be pushed and saved in the same bytes',
    },
    {
      name: 'platform',
      type: 'string',
      value: 'OS/ARCH',
      help: "Load the images for this platform instead of the machine's own",
    },
    { name: 'quiet', short: 'q', type: 'bool', help: 'Do not show how far the layers are' },
  ],
  operands: [0, 0],
  run: loadImages,
};

async function loadImages({ flags, context }: Invocation): Promise<number> {
  const input = flags.text('input');
  if (input === undefined && isTerminal('stdin')) {
    throw badArgument('input', 'Cannot load: stdin is a terminal; give the archive with -i, or on stdin');
  }
  const start = { platform: flags.text('platform') ?? '', keepBlobs: flags.bool('keep-blobs') };
  const requests = archiveRequests(start, archiveOf(input));
  const layers = flags.bool('quiet') || !isTerminal('stdout') ? null : new LayerLines(pullWords);
  for await (const frame of upload(await context.connect(), images.LoadImages, requests)) {
    if (frame.progress) layers?.update(frame.progress);
    if (!frame.loaded) continue;
    const { image, names, warnings } = frame.loaded;
    for (const warning of warnings) notice(warning);
    const unnamed = names.length === 0 ? [`Loaded image ID: ${image?.id ?? ''}`] : [];
    printLines([...names.map((name) => `Loaded image: ${familiar(name)}`), ...unnamed]);
  }
  return 0;
}
