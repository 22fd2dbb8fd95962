import type { Socket } from 'node:net';
import type { Owner } from '../../../common/files/tree.ts';
import type { Container } from '../containers/model/container.ts';
import { userOf } from '../containers/verbs/user-of.ts';
import type { EngineContext } from '../context.ts';
import type { FileService, OfferedSocket, WriteOptions } from './api.ts';
import { commitContainer } from './commit.ts';
import { layersBelow } from './layers-below.ts';
import { type OpenRoot, openRoot } from './open-root.ts';
import { Watches, watchPath } from './watch.ts';

export function fileService(context: EngineContext): FileService {
  const { registry, files } = context;
  const watches = new Watches();
  return {
    async stat(reference, path, options, signal) {
      await using root = await openRoot(context, registry.find(reference), signal);
      return await files.stat(root.process, path, options, root.signal);
    },

    async *list(reference, path, options, signal) {
      await using root = await openRoot(context, registry.find(reference), signal);
      yield* files.list(root.process, path, options, root.signal);
    },

    async *watch(reference, path, client, signal) {
      const container = registry.find(reference);
      using _ = watches.begin(client);
      yield* watchPath(context, container, path, signal);
    },

    async makeFolder(reference, path, options, signal) {
      await using root = await openRoot(context, registry.find(reference), signal);
      await files.makeFolder(root.process, path, options, root.signal);
    },

    async remove(reference, path, options, signal) {
      await using root = await openRoot(context, registry.find(reference), signal);
      await files.remove(root.process, path, options, root.signal);
    },

    async rename(reference, from, to, signal) {
      await using root = await openRoot(context, registry.find(reference), signal);
      await files.rename(root.process, from, to, root.signal);
    },

    async writeFile(reference, path, options, bytes, signal) {
      await using root = await openRoot(context, registry.find(reference), signal);
      return (await files.write(root.process, path, options, bytes, root.signal)).bytes;
    },

    async *read(reference, path, { name, follow }, signal) {
      await using root = await openRoot(context, registry.find(reference), signal);
      yield* files.pack(root.process, path, { name: name || nameOf(path), follow }, root.signal);
    },

    async write(reference, folder, options, bytes, signal) {
      const container = registry.find(reference);
      await using root = await openRoot(context, container, signal);
      const owner = await ownerOf(container, root, options);
      return await files.unpack(root.process, { folder, owner }, bytes, root.signal);
    },

    offerSocket: (uid) => context.fileSockets.offer(uid),

    async send(reference, path, { name, follow }, offered, signal) {
      const container = registry.find(reference);
      const socket = await connectedTo(offered, signal);
      await using root = await openRoot(context, container, signal);
      await files.packTo(socket, root.process, path, { name: name || nameOf(path), follow }, root.signal);
    },

    async receive(reference, folder, options, offered, signal) {
      const container = registry.find(reference);
      const socket = await connectedTo(offered, signal);
      await using root = await openRoot(context, container, signal);
      const owner = await ownerOf(container, root, options);
      return await files.unpackFrom(socket, root.process, { folder, owner }, root.signal);
    },

    async *changes(reference, signal) {
      const container = registry.find(reference);
      const lowers = layersBelow(context, container);
      yield* files.changes(context.folders.of(container.id).upper, lowers, signal);
      // Removed meanwhile: then some may be missing.
      registry.find(container.id);
    },

    commit: (reference, options, signal) =>
      commitContainer(context, registry.find(reference), options, signal),

    async *export(reference, signal) {
      await using root = await openRoot(context, registry.find(reference), signal);
      yield* files.whole(root.process, root.signal);
    },
  };

  /** Without a user in the container's spec, the archive decides, as in Docker. */
  async function ownerOf(container: Container, root: OpenRoot, { ownByUser }: WriteOptions): Promise<Owner> {
    if (!ownByUser || container.spec.process.user === '') return 'archive';
    const user = userOf(context, container, root.process);
    root.add(user);
    return await user;
  }
}

/** The files are not in use before: a client that does not come must not keep a container from its start. Rejects with the signal's reason. */
async function connectedTo({ connected }: OfferedSocket, signal: AbortSignal): Promise<Socket> {
  const over = Promise.withResolvers<never>();
  const end = (): void => over.reject(signal.reason);
  if (signal.aborted) end();
  signal.addEventListener('abort', end);
  try {
    return await Promise.race([connected, over.promise]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** What an archive calls the thing at a path: its last part. Of the root, and of "x/.", it is ".". */
function nameOf(path: string): string {
  const last = path.split('/').findLast((part) => part !== '') ?? '.';
  return last === '..' ? '.' : last;
}
