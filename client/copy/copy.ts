import { badArgument } from '../../common/errors.ts';
import { copyBySocket } from './by-socket.ts';
import { folderOf, meansDirectory, nameOf } from './place.ts';
import { type Found, isContainer, isHost, type Side, type TakeOptions } from './side.ts';

export interface End {
  readonly side: Side;
  readonly path: string;
}

export interface CopyOptions {
  /** Of the source: takes what a link leads to. */
  readonly follow: boolean;
  readonly keepOwner: boolean;
  readonly onBytes: (count: number) => void;
}

/** Copies what is at a path to another. Throws BAD_ARGUMENT where the two do not fit together. */
export async function copy(source: End, target: End, options: CopyOptions): Promise<void> {
  const from = await sourceOf(source, options.follow);
  const to = await followed(target);
  const { folder, name } = placeFor(source, from, to);
  const what = { name, follow: options.follow };
  const moved = await moveBySocket(source, what, { side: target.side, path: folder }, options);
  if (moved !== null) return options.onBytes(moved);
  const bytes = source.side.take(source.path, what);
  await target.side.put(folder, counted(bytes, options.onBytes), options);
}

/** The size of the archive; null: these two ends, or this likerd, cannot do so. */
async function moveBySocket(
  { side: from, path }: End,
  what: TakeOptions,
  { side: to, path: folder }: End,
  options: CopyOptions,
): Promise<number | null> {
  if (isHost(from) && isContainer(to)) {
    const call = await to.receive(folder, options);
    return call && copyBySocket(call, (end) => from.takeTo(end, path, what));
  }
  if (isContainer(from) && isHost(to)) {
    const call = await from.send(path, what);
    return call && copyBySocket(call, (end) => to.putFrom(end, folder, options));
  }
  return null;
}

/** What is at a path, and where it is, past the links that lead there. */
export interface Followed extends End {
  readonly found: Found | null;
}

/** The kernel follows no more, either. */
const mostLinks = 40;

/** Follows links by hand, since the last of them may lead to what is not there yet. */
export async function followed({ side, path }: End): Promise<Followed> {
  let at = path;
  for (let links = 0; links < mostLinks; links++) {
    const found = await side.stat(at);
    if (found?.kind !== 'link') return { side, path: at, found };
    const end = meansDirectory(path) && !meansDirectory(found.target) ? '/' : '';
    at = (found.target.startsWith('/') ? found.target : `${folderOf(at)}${found.target}`) + end;
  }
  throw badArgument('path', `Cannot copy to '${side.told(path)}': its links go in circles`);
}

async function sourceOf({ side, path }: End, follow: boolean): Promise<Found> {
  const { found } = follow ? await followed({ side, path }) : { found: await side.stat(path) };
  if (found) return found;
  throw badArgument('path', `Cannot copy '${side.told(path)}': there is no such file or directory`);
}

/** The folder that is unpacked into, and the name in it. Docker's rules (docker cp, "Description"). */
function placeFor(
  source: End,
  from: Found,
  { side, path, found }: Followed,
): { readonly folder: string; readonly name: string } {
  const cannot = `Cannot copy '${source.side.told(source.path)}' to '${side.told(path)}'`;
  if (found?.kind === 'directory') return { folder: path, name: nameOf(source.path) };
  if (found && from.kind === 'directory')
    throw badArgument('path', `${cannot}: a directory cannot take the place of a file`);
  if (found && meansDirectory(path))
    throw badArgument('path', `${cannot}: the target is a file, not a directory`);
  if (!found && from.kind !== 'directory' && meansDirectory(path))
    throw badArgument(
      'path',
      `${cannot}: there is no such directory; make it, or leave out the slash at its end`,
    );
  return { folder: folderOf(path), name: nameOf(path.replace(/(\/\.?)+$/, '')) };
}

async function* counted(
  bytes: AsyncIterable<Uint8Array>,
  onBytes: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    onBytes(chunk.length);
    yield chunk;
  }
}
