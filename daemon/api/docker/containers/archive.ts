import { posix } from 'node:path';
import type { FileFacts } from '../../../engine/files/api.ts';
import type { Door } from '../door.ts';
import { timeText } from '../format/time.ts';
import { type Answer, bytes, empty } from '../http/answer.ts';
import { beginFully } from '../http/begin.ts';
import { type Call, flagOf, nameOf } from '../http/call.ts';
import { HttpError, hasReason } from '../http/errors.ts';

/** What is at a path, in a header. */
export async function statArchive(door: Door, call: Call): Promise<Answer> {
  return { ...empty(200), headers: { [statHeader]: await statText(door, call) } };
}

/** A tar archive of what is at a path. */
export async function getArchive(door: Door, call: Call): Promise<Answer> {
  const headers = { [statHeader]: await statText(door, call) };
  const path = pathOf(call);
  const options = { name: '', follow: path.endsWith('/') };
  const read = door.engine.files.read(nameOf(call), path, options, call.signal);
  return bytes(await said(call, () => beginFully(read)), 'application/x-tar', headers);
}

/** Unpacks the body, a tar archive, into a folder. */
export async function putArchive({ engine }: Door, call: Call): Promise<Answer> {
  const options = { ownByUser: flagOf(call, 'copyUIDGID') };
  await said(call, () => engine.files.write(nameOf(call), pathOf(call), options, call.bytes, call.signal));
  return empty(200);
}

const statHeader = 'X-Docker-Container-Path-Stat';

/** JSON in base64. */
async function statText({ engine }: Door, call: Call): Promise<string> {
  const path = pathOf(call);
  const facts = await said(call, () => engine.files.stat(nameOf(call), path, { follow: false }, call.signal));
  const stat = {
    name: posix.basename(path) || '/',
    size: facts.size,
    mode: goMode(facts.mode),
    mtime: timeText(facts.seconds * 1000 + facts.nanoseconds / 1e6),
    linkTarget: facts.target ?? '',
  };
  return Buffer.from(JSON.stringify(stat)).toString('base64');
}

function pathOf({ query }: Call): string {
  const path = query.get('path') ?? '';
  if (path === '') throw new HttpError(400, 'path is missing: a path in the container');
  return path.startsWith('/') ? path : `/${path}`;
}

/** In the words that clients look for. */
async function said<T>(call: Call, look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (!hasReason(error, 'PATH_NOT_FOUND')) throw error;
    throw new HttpError(
      404,
      `Could not find the file ${call.query.get('path')} in container ${nameOf(call)}`,
    );
  }
}

const typeMask = 0o170000;
/** Bits of Go's os.FileMode for what st_mode(7) has in bits of its own. */
const goTypes: ReadonlyMap<number, number> = new Map([
  [0o040000, 2 ** 31],
  [0o120000, 2 ** 27],
  [0o060000, 2 ** 26],
  [0o020000, 2 ** 26 + 2 ** 21],
  [0o010000, 2 ** 25],
  [0o140000, 2 ** 24],
]);

function goMode(mode: FileFacts['mode']): number {
  const special =
    (mode & 0o4000 ? 2 ** 23 : 0) + (mode & 0o2000 ? 2 ** 22 : 0) + (mode & 0o1000 ? 2 ** 20 : 0);
  return (mode & 0o777) + (goTypes.get(mode & typeMask) ?? 0) + special;
}
