import { hasReason } from '../../common/errors.ts';
import type { Connection, Method } from '../connection/connection.ts';
import { files } from '../connection/methods.ts';
import { isUnknownCall } from '../connection/service-error.ts';
import { archiveRequests, upload } from '../connection/upload.ts';
import { type ContainerSide, found, type SocketCall } from './side.ts';

/** Such a copy cannot be continued by the next likerd. */
const oneTime = { follows: false, again: 'copy again' } as const;

export function containerSide(connection: Connection, container: string): ContainerSide {
  return {
    told: (path) => `${container}:${path}`,

    async stat(path) {
      try {
        const { file } = await connection.unary(files.GetFile, { container, path });
        return found(file?.mode ?? 0, file?.target);
      } catch (error) {
        if (hasReason(error, 'PATH_NOT_FOUND')) return null;
        throw error;
      }
    },

    async *take(path, { name, follow }) {
      const request = { container, path, name, follow };
      for await (const { data } of connection.messages(files.ReadFiles, () => request, oneTime)) yield data;
    },

    async put(folder, bytes, { keepOwner }) {
      const requests = archiveRequests({ container, folder, ownByUser: keepOwner }, bytes);
      for await (const _ of upload(connection, files.WriteFiles, requests)) {
        // The only one: all is there.
      }
    },

    send: (path, { name, follow }) =>
      socketCall(connection, files.SendFiles, { container, path, name, follow }),

    receive: (folder, { keepOwner }) =>
      socketCall(connection, files.ReceiveFiles, { container, folder, ownByUser: keepOwner }),
  };
}

/** A call whose first answer names a socket. Null: this likerd knows no such call, or has no socket. */
async function socketCall<Request>(
  connection: Connection,
  method: Method<Request, { readonly socket?: string }>,
  request: Request,
): Promise<SocketCall | null> {
  const left = new AbortController();
  const answers = connection.messages(method, () => request, { ...oneTime, signal: left.signal });
  let path = '';
  try {
    path = (await answers.next()).value?.socket ?? '';
  } catch (error) {
    if (!(error instanceof Error && isUnknownCall(error))) throw error;
  }
  if (path === '') return null;
  return {
    path,
    async done() {
      for await (const _ of answers) {
        // The last one: all is there.
      }
    },
    cancel: () => left.abort(),
  };
}
