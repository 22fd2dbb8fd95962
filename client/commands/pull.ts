import { LikerError } from '../../common/errors.ts';
import {
  canonicalName,
  familiarName,
  type ImageName,
  parseImageName,
  repositoryOf,
  withDefaultTag,
} from '../../common/image-name.ts';
import type { PullDone } from '../../proto/gen/types/liker/v1/PullDone.ts';
import type { PullImageRequestInput } from '../../proto/gen/types/liker/v1/PullImageRequest.ts';
import type { Command, Invocation } from '../cli/command.ts';
import type { Connection } from '../connection/connection.ts';
import { images } from '../connection/methods.ts';
import { findCredentials } from '../credentials/find.ts';
import { pullWords } from '../format/progress-bar.ts';
import { notice } from '../output/notice.ts';
import { printLines } from '../output/print.ts';
import { type Output, write } from '../output/streams.ts';
import { visible } from '../output/visible.ts';
import { contentTrustFlag, isInsecure, tlsVerifyFlag } from './image-flags.ts';
import { LayerLines } from './layer-lines.ts';

export const pull: Command = {
  name: 'pull',
  usage: 'NAME[:TAG|@DIGEST]',
  summary: 'Fetch an image from a registry',
  example: 'likerctl pull debian:13',
  flags: [
    {
      name: 'all-tags',
      short: 'a',
      type: 'bool',
      help: 'Not supported',
      docker: { passes: /^false$/, instead: 'pull each tag by its name' },
    },
    contentTrustFlag,
    {
      name: 'keep-blobs',
      type: 'bool',
      help: 'Keep the compressed archives of its layers: it can then be pushed and saved in the same bytes',
    },
    {
      name: 'platform',
      type: 'string',
      value: 'OS/ARCH',
      help: "Fetch the image for this platform instead of the machine's own",
    },
    { name: 'quiet', short: 'q', type: 'bool', help: 'Print only the name' },
    tlsVerifyFlag,
  ],
  operands: [1, 1],
  run: pullImage,
};

async function pullImage({ flags, operands: [reference = ''], context }: Invocation): Promise<number> {
  const given = parseImageName(reference, 'reference');
  const name = withDefaultTag(given);
  const isQuiet = flags.bool('quiet');
  if (!isQuiet && name.tag !== given.tag) printLines(['Using default tag: latest']);
  const request = {
    reference,
    platform: flags.text('platform') ?? '',
    keepBlobs: flags.bool('keep-blobs'),
    insecure: isInsecure(flags),
  };
  await fetchImage(await context.connect(), name, request, { isQuiet });
  printLines([canonicalName(name)]);
  return 0;
}

/** Pulls an image with the user's credentials, and shows how far it is, in Docker's words. A lost likerd is waited for: the pull goes on where it was. */
export async function fetchImage(
  connection: Connection,
  name: ImageName,
  request: Omit<PullImageRequestInput, 'credentials'>,
  { isQuiet, output = 'stdout' }: { readonly isQuiet: boolean; readonly output?: Output },
): Promise<PullDone> {
  const print = (line: string): void => {
    if (!isQuiet) write(output, `${visible(line)}\n`);
  };
  print(`${name.digest ?? name.tag}: Pulling from ${name.path}`);
  const whole = { ...request, credentials: await findCredentials(name, process.env) };
  const layers = isQuiet ? null : new LayerLines(pullWords, output);
  let digest = '';
  for await (const frame of connection.messages(images.PullImage, () => whole, { follows: false })) {
    if (frame.resolved) {
      digest = frame.resolved.digest;
      layers?.update(...frame.resolved.layers);
    } else if (frame.progress) layers?.update(frame.progress);
    else if (frame.done) {
      print(`Digest: ${digest}`);
      const what = frame.done.changed ? 'Downloaded newer image for' : 'Image is up to date for';
      print(`Status: ${what} ${familiarName(name)}`);
      for (const warning of frame.done.warnings) notice(warning);
      return frame.done;
    }
  }
  throw new LikerError('INTERNAL', `likerd ended the pull of '${repositoryOf(name)}' without a result`);
}
