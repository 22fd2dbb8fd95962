import type { Owner } from '../../../common/files/tree.ts';
import type { Container } from '../containers/model/container.ts';
import { userOf } from '../containers/verbs/user-of.ts';
import type { EngineContext } from '../context.ts';
import type { FileService } from './api.ts';
import { commitContainer } from './commit.ts';
import { layersBelow } from './layers-below.ts';
import { type OpenRoot, openRoot } from './open-root.ts';

export function fileService(context: EngineContext): FileService {
  const { registry, files } = context;
  return {
    async stat(reference, path, signal) {
      await using root = await openRoot(context, registry.find(reference), signal);
      return await files.stat(root.process, path, root.signal);
    },

    async *read(reference, path, { name, follow }, signal) {
      await using root = await openRoot(context, registry.find(reference), signal);
      yield* files.pack(root.process, path, { name: name || nameOf(path), follow }, root.signal);
    },

    async write(reference, folder, { ownByUser }, bytes, signal) {
      const container = registry.find(reference);
      await using root = await openRoot(context, container, signal);
      const owner = ownByUser ? await containerUser(container, root) : 'archive';
      return await files.unpack(root.process, { folder, owner }, bytes, root.signal);
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

  /** Without one in its spec, the archive decides, as in Docker. */
  async function containerUser(container: Container, root: OpenRoot): Promise<Owner> {
    if (container.spec.process.user === '') return 'archive';
    const user = userOf(context, container, root.process);
    root.add(user);
    return await user;
  }
}

/** What an archive calls the thing at a path: its last part. Of the root, and of "x/.", it is ".". */
function nameOf(path: string): string {
  const last = path.split('/').findLast((part) => part !== '') ?? '.';
  return last === '..' ? '.' : last;
}
