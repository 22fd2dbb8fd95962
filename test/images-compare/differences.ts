import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import type { Node } from '../../native/test/unpacked.ts';

/** One thing that a reader has otherwise than Liker. `present`: which of the two has the path; `refused`: its words. */
export interface Difference {
  readonly image: string;
  readonly reader: string;
  readonly path: string;
  readonly field: keyof Node | 'present' | 'refused';
  readonly ours: unknown;
  readonly theirs: unknown;
}

/** All that differs, without times that the image does not tell. */
export function differences(
  of: Pick<Difference, 'image' | 'reader'>,
  ours: ReadonlyMap<string, Node>,
  theirs: ReadonlyMap<string, Node>,
  isTold: (folder: string) => boolean,
): Difference[] {
  const found: Difference[] = [];
  for (const path of new Set([...ours.keys(), ...theirs.keys()])) {
    const [one, other] = [ours.get(path), theirs.get(path)];
    if (!one || !other) {
      found.push({ ...of, path, field: 'present', ours: one !== undefined, theirs: other !== undefined });
      continue;
    }
    for (const field of Object.keys(one) as (keyof Node)[]) {
      if (field === 'mtimeNs' && one.type === 'folder' && !isTold(path)) continue;
      const [a, b] = [one[field], other[field]];
      if (isSame(a, b)) continue;
      found.push({ ...of, path, field, ours: a, theirs: b });
    }
  }
  return found;
}

function isSame(a: unknown, b: unknown): boolean {
  return typeof a === 'object' ? JSON.stringify(a) === JSON.stringify(b) : a === b;
}

/**
 * Whether an image says what a folder is like: the uppermost layer that has the folder, or something in it, lists it. Where none does,
 * engines make it, and its time is that of the unpacking.
 */
export function toldFolders(layout: string): (folder: string) => boolean {
  const last = new Map<string, boolean>();
  for (const layer of layersOf(layout)) {
    const here = new Map<string, boolean>();
    for (const { name, isFolder } of entriesOf(layer)) {
      for (let parent = dirname(name); ; parent = dirname(parent)) {
        here.set(parent, here.get(parent) ?? false);
        if (parent === '.') break;
      }
      if (isFolder) here.set(name, true);
    }
    for (const [name, isListed] of here) last.set(name, isListed);
  }
  return (folder) => last.get(folder) ?? false;
}

/** Files of the layers' archives. */
function layersOf(layout: string): string[] {
  const blob = (digest: string) => join(layout, 'blobs', digest.replace(':', '/'));
  const json = (file: string) => JSON.parse(readFileSync(file, 'utf8'));
  const [{ digest }] = json(join(layout, 'index.json')).manifests;
  return json(blob(digest)).layers.map((layer: { digest: string }) => blob(layer.digest));
}

/** bsdtar reads every compression. An archive without its end is listed, too. */
function entriesOf(archive: string): { readonly name: string; readonly isFolder: boolean }[] {
  const { stdout } = spawnSync('bsdtar', ['-tvf', archive], { encoding: 'utf8', maxBuffer: 1 << 28 });
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const name = /^\S+\s+\S+\s+\S+\s+\S+\s+(?:\d+,\s*)?\d+\s+\S+\s+\S+\s+\S+ (.*)$/.exec(line)?.[1] ?? '';
      return {
        name: normalize(`./${name.replace(/ (->|link to) .*/, '')}`).replace(/(?<=.)\/$/, ''),
        isFolder: line.startsWith('d'),
      };
    });
}
