import { badArgument } from '../../common/errors.ts';
import { formatBytes } from '../../common/units.ts';
import type { Command, Context } from '../cli/command.ts';
import { containerSide } from '../copy/container-side.ts';
import { copy, type End, followed } from '../copy/copy.ts';
import { host, hostPath } from '../copy/host-side.ts';
import { nameOf, type Place, placeOf } from '../copy/place.ts';
import { archiveToStdout } from '../output/archive-file.ts';
import { isOnTerminal, printError } from '../output/print.ts';

interface Wanted {
  readonly keepOwner: boolean;
  readonly follow: boolean;
  readonly onBytes: (count: number) => void;
}

export const cp: Command = {
  name: 'cp',
  usage: 'SRC DEST',
  summary: 'Copy files between a container and the host, or another container',
  example: 'likerctl cp web:/etc/hosts .',
  flags: [
    {
      name: 'archive',
      short: 'a',
      type: 'bool',
      help: "Into a container: give the files to the container's user; out of it: keep their owners (as root)",
    },
    { name: 'follow-link', short: 'L', type: 'bool', help: 'Copy what a link at SRC leads to, not the link' },
    { name: 'quiet', short: 'q', type: 'bool', help: 'Do not say how much was copied' },
  ],
  operands: [2, 2],
  async run({ flags, operands: [from = '', to = ''], context }) {
    let bytes = 0;
    const wanted: Wanted = {
      keepOwner: flags.bool('archive'),
      follow: flags.bool('follow-link'),
      onBytes: (count) => {
        bytes += count;
      },
    };
    const told = await copyBetween(context, placeOf(from), placeOf(to), wanted);
    if (told !== null && !flags.bool('quiet'))
      printError(`Successfully copied ${formatBytes(bytes)} to ${told}`);
    return 0;
  },
};

/** The target for a person; null: it was stdout. */
async function copyBetween(
  context: Context,
  source: Place,
  target: Place,
  wanted: Wanted,
): Promise<string | null> {
  if (source.kind !== 'container' && target.kind !== 'container')
    throw badArgument('path', 'Cannot copy: neither path is in a container; give one as CONTAINER:PATH');
  if (target.kind === 'stream') {
    await toStdout(await endOf(context, source), wanted);
    return null;
  }
  const to = await endOf(context, target);
  if (source.kind === 'stream') await fromStdin(to, wanted);
  else await copy(await endOf(context, source), to, wanted);
  return to.side.told(to.path);
}

async function endOf(context: Context, place: Place): Promise<End> {
  if (place.kind === 'container') {
    const side = containerSide(await context.connect(), place.container);
    return { side, path: place.path.startsWith('/') ? place.path : `/${place.path}` };
  }
  if (place.kind === 'host') return { side: host, path: hostPath(place.path) };
  throw badArgument('path', "Cannot copy: '-' is stdin or stdout, and the other path must be in a container");
}

async function toStdout({ side, path }: End, { follow }: Wanted): Promise<void> {
  if (isOnTerminal())
    throw badArgument('path', 'Cannot copy: stdout is a terminal; send the archive to a file or a program');
  await archiveToStdout(side.take(path, { name: nameOf(path), follow }));
}

async function fromStdin(target: End, { keepOwner, onBytes }: Wanted): Promise<void> {
  const { side, path, found } = await followed(target);
  if (found?.kind !== 'directory')
    throw badArgument('path', `Cannot copy an archive to '${side.told(path)}': it must be a directory`);
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of process.stdin) {
      onBytes(chunk.length);
      yield chunk;
    }
  };
  await side.put(path, bytes(), { keepOwner });
}
