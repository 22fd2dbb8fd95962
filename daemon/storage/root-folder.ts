import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isContainerId } from '../../common/ids.ts';
import { treeRoom } from '../native/libliker.ts';

const hex = /^[0-9a-f]{64}$/;
const digest = /^sha256-[0-9a-f]{64}$/;

/** What likerd keeps directly below its root folder; `rootfs` and `likerd.log` are made by npm start, `lost+found` by file systems. */
const known: ReadonlySet<string> = new Set([
  ...['blobs', 'cni', 'containers', 'ingest', 'layers', 'recipes', 'set-aside', 'spare', 'trash', 'volumes'],
  ...['liker.db', 'liker.db-journal', 'liker.db-shm', 'liker.db-wal', 'liker.db.lost'],
  ...['boot-id', 'forwarding', 'likerd.lock', 'likerd.log', 'likerd.pid', 'rootfs', 'lost+found'],
]);

/** Folders below the root folder, and which names in them are likerd's. What is in set-aside is never used again. */
const folders: Readonly<Record<string, (name: string, path: string) => boolean>> = {
  '': (name) => known.has(name),
  blobs: (name) => name === 'sha256',
  'blobs/sha256': (name) => hex.test(name),
  cni: (name) => isContainerId(name.replace(/\.json(\.new)?$/, '')),
  containers: isContainerId,
  layers: (name) => digest.test(name),
  recipes: (name) => digest.test(name),
  'set-aside': () => false,
  volumes: (_name, path) => existsSync(join(path, '_data')),
};

/** The folder of lasting data as a whole. Paths are below it. */
export class RootFolder {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** What likerd does not use, in order. */
  foreign(): string[] {
    return foreignPaths(this.#root);
  }

  /** Bytes that a path takes on the disk, with all that is below it. */
  roomOf(path: string): Promise<number> {
    return treeRoom(join(this.#root, path));
  }
}

function foreignPaths(root: string): string[] {
  return Object.entries(folders).flatMap(([folder, isOwn]) => {
    const path = join(root, folder);
    if (!existsSync(path)) return [];
    return readdirSync(path)
      .filter((name) => !isOwn(name, join(path, name)))
      .sort()
      .map((name) => join(folder, name));
  });
}
