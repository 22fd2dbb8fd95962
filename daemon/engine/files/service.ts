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
      await using root = await openRoot(context, registry.find(reference));
      return await files.stat(root.process, path, signal);
    },

    async *read(reference, path, { name, follow }, signal) {
      await using root = await openRoot(context, registry.find(reference));
      yield* files.pack(root.process, path, { name: name || nameOf(path), follow }, signal);
    },

    async write(reference, folder, { ownByUser }, bytes, signal) {
      const container = registry.find(reference);
      await using root = await openRoot(context, container);
      const owner = ownByUser ? await containerUser(container, root) : 'archive';
      return await files.unpack(root.process, { folder, owner }, bytes, signal);
    },

    async *changes(reference, signal) {
      const container = registry.find(reference);
      const lowers = layersBelow(context, container);
      yield* files.changes(context.folders.of(container.id).upper, lowers, signal);
    },

    commit: (reference, options, signal) =>
      commitContainer(context, registry.find(reference), options, signal),

    async *export(reference, signal) {
      await using root = await openRoot(context, registry.find(reference));
      yield* files.whole(root.process, signal);
    },
  };

  /** Without one in its spec, the archive decides, as in Docker. */
  async function containerUser(container: Container, root: OpenRoot): Promise<Owner> {
    if (container.spec.process.user === '') return 'archive';
    return await userOf(context, container, root.process);
  }
}

/** What an archive calls the thing at a path: its last part. Of the root, and of "x/.", it is ".". */
function nameOf(path: string): string {
  const last = path.split('/').findLast((part) => part !== '') ?? '.';
  return last === '..' ? '.' : last;
}
