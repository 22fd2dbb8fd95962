import { canonicalName, parseImageName } from '../../../../common/image-name.ts';
import { findImage } from './find.ts';
import type { ImageLedger } from './ledger.ts';
import { namesIn } from './names-in.ts';

/** An image, and the names that were meant. */
export interface Chosen {
  readonly id: string;
  /** Canonical, with tags. */
  readonly names: readonly string[];
}

/**
 * The images that references stand for, each once, in their order. A name without tag and digest means all tags of its repository; an id,
 * or a name with a digest, means no name. Errors: those of findImage.
 */
export function chooseImages(
  rows: Pick<ImageLedger['rows'], 'images' | 'imageNames' | 'manifests'>,
  references: readonly string[],
): Chosen[] {
  const chosen = new Map<string, Set<string>>();
  const add = (id: string, ...names: readonly string[]): void => {
    const all = chosen.get(id) ?? new Set();
    chosen.set(id, all);
    for (const name of names) all.add(name);
  };
  for (const reference of references) {
    const tags = tagsOf(rows, reference);
    for (const { id, ...name } of tags) add(id, canonicalName(name));
    if (tags.length > 0) continue;
    const { image, by } = findImage(rows, reference);
    add(image.id, ...(by === null || by.digest !== null ? [] : [canonicalName(by)]));
  }
  return [...chosen].map(([id, names]) => ({ id, names: [...names] }));
}

function tagsOf(rows: Parameters<typeof chooseImages>[0], reference: string) {
  if (/^(?:sha256:)?[0-9a-f]{64}$/.test(reference)) return [];
  const name = parseImageName(reference, 'images');
  return name.tag === null && name.digest === null ? namesIn(rows, name) : [];
}
