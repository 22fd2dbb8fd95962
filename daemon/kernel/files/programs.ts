import { join } from 'node:path';
import { FileTree } from '../../../common/files/tree.ts';

const repository = join(import.meta.dirname, '../../..');

/** Files of containers, by the programs of this installation. */
export function openFileTree(): FileTree {
  return new FileTree({
    tree: process.env['LIKER_TREE'] ?? join(repository, 'native/build/liker-tree'),
    unpack: process.env['LIKER_UNPACK'] ?? join(repository, 'native/build/liker-unpack'),
  });
}
