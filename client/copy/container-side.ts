import { hasReason } from '../../common/errors.ts';
import type { Connection } from '../connection/connection.ts';
import { files } from '../connection/methods.ts';
import { archiveRequests, upload } from '../connection/upload.ts';
import { found, type Side } from './side.ts';

export function containerSide(connection: Connection, container: string): Side {
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
      const answers = connection.messages(files.ReadFiles, () => request, {
        follows: false,
        again: 'copy again',
      });
      for await (const { data } of answers) yield data;
    },

    async put(folder, bytes, { keepOwner }) {
      const requests = archiveRequests({ container, folder, ownByUser: keepOwner }, bytes);
      for await (const _ of upload(connection, files.WriteFiles, requests)) {
        // The only one: all is there.
      }
    },
  };
}
