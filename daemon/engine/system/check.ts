import type { EngineContext } from '../context.ts';
import { removeDamaged } from '../images/adopt/remove-damaged.ts';
import { removeStrangers } from '../images/adopt/remove-strangers.ts';
import type { DiskUsage, Finding } from './api.ts';
import { compareAll, type Difference, pathOf } from './compare.ts';
import { imagesWith } from './images-with.ts';

/**
 * Compares the records with what is below the root folder. `repair`: does what a start does, but for what people may value: it is never
 * removed. A call that is under way is no difference: it is over, or its files have rows, when the sizes are known.
 */
export async function checkStore(
  context: EngineContext,
  { repair }: { readonly repair: boolean },
): Promise<Finding[]> {
  const found = await measured(context, compareAll(context));
  const sizes = await otherSizes(context);
  const there = pathsOf(compareAll(context));
  const lasting = found.filter(({ path }) => there.has(path));
  if (!repair) return [...lasting, ...sizes];
  removeDamaged(context.images);
  removeStrangers(context.images);
  context.volumes.reconcile();
  const left = pathsOf(compareAll(context));
  return [...lasting.map((finding) => ({ ...finding, isRepaired: !left.has(finding.path) })), ...sizes];
}

/** What no record knows; null: there is nothing. */
export async function unknownUsage(context: EngineContext): Promise<DiskUsage | null> {
  const strange = compareAll(context).filter(({ problem }) => problem === 'strange');
  if (strange.length === 0) return null;
  const found = await measured(context, strange);
  const sum = (some: readonly Finding[]): number =>
    some.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
  return {
    type: 'Unknown',
    total: found.length,
    active: 0,
    sizeBytes: sum(found),
    reclaimableBytes: sum(
      found.filter(({ kind }) => !['container', 'network', 'volume', 'other'].includes(kind)),
    ),
  };
}

function pathsOf(differences: readonly Difference[]): ReadonlySet<string> {
  return new Set(differences.map(({ path }) => path));
}

async function measured(
  { rootFolder }: EngineContext,
  differences: readonly Difference[],
): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const difference of differences) {
    const sizeBytes = await rootFolder.roomOf(difference.path);
    found.push({ ...difference, sizeBytes, isRepaired: false });
  }
  return found;
}

/**
 * File systems may change what a file takes of the disk after it was written: preallocated room is given back, a copy is compressed. So much
 * is no difference; for a layer it is also a sixteenth.
 */
const tolerance = 1024 * 1024;

/** Files that are there, and not as large as their rows say. */
async function otherSizes({ images }: EngineContext): Promise<Finding[]> {
  const { ledger, layers, content } = images;
  const { rows } = ledger;
  const found: Finding[] = [];
  const compare = (
    kind: 'layers' | 'recipes' | 'blobs',
    digest: string,
    stored: number,
    size: number | null,
  ): void => {
    const most = kind === 'blobs' ? 0 : Math.max(tolerance, stored / 16);
    if (size === null || Math.abs(size - stored) <= most) return;
    found.push({
      problem: 'size',
      kind: ({ layers: 'layer', recipes: 'recipe', blobs: 'blob' } as const)[kind],
      path: pathOf(kind, digest),
      sizeBytes: size,
      note: `${stored} bytes when it was stored; ${imagesWith(images, digest) || 'no image has it'}`,
      isRepaired: false,
    });
  };
  for (const { diffId, size } of rows.layers.all()) {
    if (!(await layers.exists(diffId))) continue;
    const now = await layers.size(diffId);
    if (rows.layers.has(diffId)) compare('layers', diffId, size, now);
  }
  for (const { diffId, size } of rows.recipes.all())
    compare('recipes', diffId, size, await layers.recipeSize(diffId));
  for (const { digest, size } of rows.blobs.all()) compare('blobs', digest, size, await content.size(digest));
  return found;
}
