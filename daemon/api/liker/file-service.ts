import { LikerError } from '../../../common/errors.ts';
import type { FileChangeInput } from '../../../proto/gen/types/liker/v1/FileChange.ts';
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

const changesAtOnce = 1000;
const changeKinds = {
  A: 'FILE_CHANGE_KIND_ADDED',
  C: 'FILE_CHANGE_KIND_CHANGED',
  D: 'FILE_CHANGE_KIND_DELETED',
} as const;

export function fileService(context: ApiContext, files: FileService): FileServiceHandlers {
  const { reads } = unaryHandlers(context);
  const socketFor = (peer: Peer | null): Promise<OfferedSocket | null> => {
    if (peer) return files.offerSocket(peer.uid);
    throw new LikerError('CANCELLED', 'The client has closed its connection');
  };
  return {
    GetFile: reads(async (request, signal) => ({
      file: formatFile(await files.stat(parseTarget(request), required(request.path, 'path'), signal)),
    })),
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
      let changes: FileChangeInput[] = [];
      for await (const { kind, path } of files.changes(parseTarget(request), signal)) {
        changes.push({ kind: changeKinds[kind], path });
        if (changes.length < changesAtOnce) continue;
        yield { changes };
        changes = [];
      }
      yield { changes };
    }),
    CommitContainer: unaryHandlers(context).changes(async (request, signal) => {
      const { name, author, message, changes, noPause } = request;
      const options = {
        name: noNul(name, 'name'),
        author: noNul(author, 'author'),
        message: noNul(message, 'message'),
        changes: changes.map((change) => noNul(change, 'changes')),
        pause: !noPause,
      };
      return { image: formatImage(await files.commit(parseTarget(request), options, signal)) };
    }),
    ExportFiles: serverStream(context, async function* (request, signal) {
      for await (const data of files.export(parseTarget(request), signal)) yield { data };
    }),
  };
}
