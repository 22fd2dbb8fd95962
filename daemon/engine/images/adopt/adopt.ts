import type { ImageContext } from '../context.ts';
import { removeUnused } from '../verbs/remove-unused.ts';
import { recoverImages } from './recover.ts';
import { removeDamaged } from './remove-damaged.ts';
import { removeStrangers } from './remove-strangers.ts';

/** What broken pulls have left is kept so long for the next one. */
const keptMs = 7 * 24 * 3600_000;

/**
 * Makes files and rows agree, before containers are adopted and calls served. What is removed has no row, so that no container
 * has it; unless rows are lost: then they are first recovered from the files.
 */
export async function adoptImages(
  context: ImageContext,
  { recordsLost }: { readonly recordsLost: boolean },
): Promise<void> {
  if (recordsLost) await recoverImages(context);
  removeDamaged(context);
  removeStrangers(context);
  await removeUnused(context, Date.now() - keptMs);
}
