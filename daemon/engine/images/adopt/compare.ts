import type { ImageContext } from '../context.ts';

/** Digests by what they are of. */
interface Digests {
  readonly layers: ReadonlySet<string>;
  readonly recipes: ReadonlySet<string>;
  readonly blobs: ReadonlySet<string>;
}

/** Where files and rows of images do not agree. */
export interface Differences {
  /** Rows without a file. */
  readonly missing: Digests;
  /** Files without a row, and without a call that is about to store one. */
  readonly strange: Digests;
  /** Names in ingest/ that no call is writing. */
  readonly drafts: readonly string[];
}

/** All in one turn: a file comes before its row, in a call that holds its digest, and goes in the same turn after it. */
export function compareImages({
  ledger: { rows },
  layers,
  content,
  leases,
}: Pick<ImageContext, 'ledger' | 'layers' | 'content' | 'leases'>): Differences {
  const stored = {
    layers: new Set(rows.layers.all().map(({ diffId }) => diffId)),
    recipes: new Set(rows.recipes.all().map(({ diffId }) => diffId)),
    blobs: new Set(rows.blobs.all().map(({ digest }) => digest)),
  };
  const found = {
    layers: new Set(layers.list()),
    recipes: new Set(layers.listRecipes()),
    blobs: new Set(content.list()),
  };
  const strange = (kind: keyof Digests): Set<string> =>
    new Set([...found[kind].difference(stored[kind])].filter((digest) => !leases.has(digest)));
  return {
    missing: {
      layers: stored.layers.difference(found.layers),
      recipes: stored.recipes.difference(found.recipes),
      blobs: stored.blobs.difference(found.blobs),
    },
    strange: { layers: strange('layers'), recipes: strange('recipes'), blobs: strange('blobs') },
    drafts: content.drafts().filter((name) => !layers.isDraft(name)),
  };
}
