import { invalid, LikerError } from '../../../common/errors.ts';
import type { FileServiceHandlers } from '../../../proto/gen/types/liker/v1/FileService.ts';
import type { FileService, OfferedSocket } from '../../engine/files/api.ts';
import { bidiStream } from '../grpc/bidi-stream.ts';
import type { ApiContext } from '../grpc/context.ts';
import { serverStream } from '../grpc/server-stream.ts';
import { unaryHandlers } from '../grpc/unary.ts';
import type { Peer } from '../wire/peer.ts';
import { formatFile } from './format/file.ts';
import { formatImage } from './format/image.ts';
import { archiveOf } from './parse/frames.ts';
import { parseTarget } from './parse/requests.ts';
import { noNul, required } from './parse/text.ts';

const eventKinds = {
  ready: 'FILE_EVENT_KIND_READY',
  change: 'FILE_EVENT_KIND_CHANGED',
  rename: 'FILE_EVENT_KIND_RENAMED',
} as const;

/** A path and the target of a link take up to 12 KiB each, and clients of gRPC take messages of 4 MiB. */
const atOnce = 128;
const changeKinds = {
  A: 'FILE_CHANGE_KIND_ADDED',
  C: 'FILE_CHANGE_KIND_CHANGED',
  D: 'FILE_CHANGE_KIND_DELETED',
} as const;

export function fileService(context: ApiContext, files: FileService): FileServiceHandlers {
  const { reads, changes } = unaryHandlers(context);
  const present = (peer: Peer | null): Peer => {
    if (peer) return peer;
    throw new LikerError('CANCELLED', 'The client has closed its connection');
  };
  const socketFor = (peer: Peer | null): Promise<OfferedSocket | null> =>
    files.offerSocket(present(peer).uid);
  return {
    GetFile: reads(async (request, signal) => ({
      file: formatFile(
        await files.stat(parseTarget(request), required(request.path, 'path'), request, signal),
      ),
    })),
    ListFiles: serverStream(context, async function* (request, signal) {
      const path = required(request.path, 'path');
      for await (const some of batches(files.list(parseTarget(request), path, request, signal)))
        yield { entries: some.map((entry) => ({ name: entry.name, file: formatFile(entry) })) };
    }),
    WatchFile: serverStream(context, async function* (request, signal, peer) {
      const path = required(request.path, 'path');
      for await (const { kind, name } of files.watch(parseTarget(request), path, present(peer).pid, signal))
        yield { kind: eventKinds[kind], name };
    }),
    MakeFolder: changes(async (request, signal) => {
      const { recursive } = request;
      const options = { mode: modeOf(request.mode, 0o755), recursive };
      await files.makeFolder(parseTarget(request), required(request.path, 'path'), options, signal);
      return {};
    }),
    RemoveFile: changes(async (request, signal) => {
      await files.remove(parseTarget(request), required(request.path, 'path'), request, signal);
      return {};
    }),
    RenameFile: changes(async (request, signal) => {
      const [from, to] = [required(request.path, 'path'), required(request.newPath, 'new_path')];
      await files.rename(parseTarget(request), from, to, signal);
      return {};
    }),
    WriteFile: bidiStream(context, async function* (requests, signal) {
      const { start, archive: bytes } = await archiveOf(requests);
      const { append, exclusive } = start;
      const options = { mode: modeOf(start.mode, 0o644, 'start.'), append, exclusive };
      const path = required(start.path, 'start.path');
      yield { sizeBytes: await files.writeFile(parseTarget(start, 'start.'), path, options, bytes, signal) };
    }),
    ReadFiles: serverStream(context, async function* (request, signal) {
      const options = { name: noNul(request.name, 'name'), follow: request.follow };
      const path = required(request.path, 'path');
      for await (const data of files.read(parseTarget(request), path, options, signal)) yield { data };
    }),
    WriteFiles: bidiStream(context, async function* (requests, signal) {
      const { start, archive } = await archiveOf(requests);
      const folder = required(start.folder, 'start.folder');
      const options = { ownByUser: start.ownByUser };
      const container = parseTarget(start, 'start.');
      const { entries } = await files.write(container, folder, options, archive, signal);
      yield { entries };
    }),
    SendFiles: serverStream(context, async function* (request, signal, peer) {
      const options = { name: noNul(request.name, 'name'), follow: request.follow };
      const path = required(request.path, 'path');
      const container = parseTarget(request);
      using socket = await socketFor(peer);
      yield { socket: socket?.path ?? '' };
      if (socket) await files.send(container, path, options, socket, signal);
    }),
    ReceiveFiles: serverStream(context, async function* (request, signal, peer) {
      const folder = required(request.folder, 'folder');
      const container = parseTarget(request);
      using socket = await socketFor(peer);
      yield { socket: socket?.path ?? '' };
      if (!socket) return;
      const { entries } = await files.receive(container, folder, request, socket, signal);
      yield { entries };
    }),
    ListChanges: serverStream(context, async function* (request, signal) {
      for await (const some of batches(files.changes(parseTarget(request), signal)))
        yield { changes: some.map(({ kind, path }) => ({ kind: changeKinds[kind], path })) };
    }),
    CommitContainer: changes(async (request, signal) => {
      const { name, author, message, noPause } = request;
      const options = {
        name: noNul(name, 'name'),
        author: noNul(author, 'author'),
        message: noNul(message, 'message'),
        changes: request.changes.map((change) => noNul(change, 'changes')),
        pause: !noPause,
      };
      return { image: formatImage(await files.commit(parseTarget(request), options, signal)) };
    }),
    ExportFiles: serverStream(context, async function* (request, signal) {
      for await (const data of files.export(parseTarget(request), signal)) yield { data };
    }),
  };
}

const mostMode = 0o7777;

function modeOf(mode: number | undefined, byDefault: number, prefix = ''): number {
  if (mode === undefined) return byDefault;
  if (mode > mostMode)
    throw invalid(`${prefix}mode`, mode, 'it must be at most 4095, which is 7777 in octal');
  return mode;
}

/** All of them, as many as one message takes at a time; at the end what is left, if only nothing. */
async function* batches<T>(all: AsyncIterable<T>): AsyncGenerator<readonly T[], void> {
  let some: T[] = [];
  for await (const one of all) {
    some.push(one);
    if (some.length < atOnce) continue;
    yield some;
    some = [];
  }
  yield some;
}
