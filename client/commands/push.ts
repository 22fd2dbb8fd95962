import { badArgument } from '../../common/errors.ts';
import { canonicalName, parseImageName, repositoryOf, withDefaultTag } from '../../common/image-name.ts';
import type { Command, Invocation } from '../cli/command.ts';
import { images } from '../connection/methods.ts';
import { findCredentials } from '../credentials/find.ts';
import { pushWords } from '../format/progress-bar.ts';
import { printLines } from '../output/print.ts';
import { contentTrustFlag, isInsecure, tlsVerifyFlag } from './image-flags.ts';
import { LayerLines } from './layer-lines.ts';

export const push: Command = {
  name: 'push',
  usage: 'NAME[:TAG]',
  summary: 'Send an image to a registry',
  example: 'likerctl push registry.example.com/team/app:1',
  flags: [
    { name: 'all-tags', short: 'a', type: 'bool', help: 'Send all tags of the repository NAME' },
    contentTrustFlag,
    {
      name: 'platform',
      type: 'string',
      value: 'OS/ARCH',
      help: 'Not supported',
      docker: { passes: /^$/, instead: 'an image is for one platform here; name its tag' },
    },
    { name: 'quiet', short: 'q', type: 'bool', help: 'Print only the names' },
    tlsVerifyFlag,
  ],
  operands: [1, 1],
  run: pushImage,
};

async function pushImage({ flags, operands: [text = ''], context }: Invocation): Promise<number> {
  const given = parseImageName(text, 'name');
  const allTags = flags.bool('all-tags');
  const name = allTags ? given : withDefaultTag(given);
  if (name.digest !== null) throw badArgument('name', `Cannot push '${text}': name a tag, not a digest`);
  const isQuiet = flags.bool('quiet');
  const print = (line: string): void => {
    if (!isQuiet) printLines([line]);
  };
  if (name.tag !== given.tag) print('Using default tag: latest');
  print(`The push refers to repository [${repositoryOf(name)}]`);
  const connection = await context.connect();
  const request = {
    name: text,
    allTags,
    insecure: isInsecure(flags),
    credentials: await findCredentials(name, process.env),
  };
  let layers = isQuiet ? null : new LayerLines(pushWords);
  for await (const frame of connection.messages(images.PushImage, () => request, { follows: false })) {
    if (frame.progress) layers?.update(frame.progress);
    if (!frame.pushed) continue;
    const { tag, digest, sizeBytes } = frame.pushed;
    print(`${tag}: digest: ${digest} size: ${sizeBytes}`);
    if (isQuiet) printLines([canonicalName({ ...name, tag })]);
    // The next tag begins below.
    else layers = new LayerLines(pushWords);
  }
  return 0;
}
