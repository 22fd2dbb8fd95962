import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asError, badArgument, LikerError } from '../../common/errors.ts';
import { familiarName, parseImageName, withDefaultTag } from '../../common/image-name.ts';
import type { Command, Invocation } from '../cli/command.ts';
import { printLines } from '../output/print.ts';
import type { Provider } from '../rootfs/provider.ts';
import { directoryArchive } from './archive-of.ts';
import { changeFlag } from './image-flags.ts';
import { makeImage } from './import.ts';
import { interruptible } from './interruptible.ts';
import { providerFlags, providerOf } from './provider-flags.ts';

export const imageBuildRoot: Command = {
  name: 'image build-root',
  usage: 'NAME[:TAG]',
  summary: "Make an image from this machine's own programs, or from packages",
  example: 'likerctl image build-root debian:trixie --provider debian --suite trixie',
  flags: [
    ...providerFlags,
    {
      ...changeFlag,
      help: "An instruction of a Dockerfile that says how to run it, such as 'ENV A=b'; CMD is bash, except for scratch",
    },
    { name: 'quiet', short: 'q', type: 'bool', help: 'Print only the id' },
  ],
  operands: [1, 1],
  run: buildRoot,
};

/** These need root for the owners of files. */
const asRootOnly = ['debian', 'rpm'];

async function buildRoot({ flags, operands: [given = ''], context }: Invocation): Promise<number> {
  const name = familiarName(withDefaultTag(parseImageName(given, 'name')));
  const kind = flags.text('provider') ?? 'host';
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && asRootOnly.includes(kind))
    throw badArgument(
      'provider',
      `Cannot build '${name}': --provider ${kind} makes files of many users, which takes root`,
    );
  const provider = providerOf(flags);
  const connection = await context.connect();
  const quiet = flags.bool('quiet');
  const changes = [...(kind === 'scratch' ? [] : ['CMD ["bash"]']), ...flags.list('change')];
  const start = {
    name,
    source: kind,
    message: `Built by likerctl image build-root --provider ${kind}`,
    changes,
  };
  return interruptible(async (signal) => {
    // Not in a tmpfs: a root may have gigabytes.
    const folder = mkdtempSync(join(process.env['TMPDIR'] ? tmpdir() : '/var/tmp', 'liker-root-'));
    try {
      if (!quiet) printLines([`${provider.doing} to image ${name}`]);
      const made = await fill(provider, folder, { name, quiet, signal });
      if (!quiet) printLines([`Built a root file system: ${made}`]);
      const bytes = directoryArchive(folder, { rootOwnsAll: !isRoot });
      printLines([await makeImage(connection, start, untilAborted(bytes, signal))]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

async function fill(
  provider: Provider,
  folder: string,
  { name, quiet, signal }: { readonly name: string; readonly quiet: boolean; readonly signal: AbortSignal },
): Promise<string> {
  try {
    return await provider.fill(folder, { quiet, signal });
  } catch (thrown) {
    if (thrown instanceof LikerError || signal.aborted) throw thrown;
    throw new LikerError(
      'BAD_ROOTFS',
      `Cannot build a root file system for '${name}': ${asError(thrown).message}`,
      {
        cause: thrown,
      },
    );
  }
}

async function* untilAborted(
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    signal.throwIfAborted();
    yield chunk;
  }
}
