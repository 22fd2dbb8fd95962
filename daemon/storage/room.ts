import { stat } from 'node:fs/promises';
import { treeRoom } from '../native/libliker.ts';

/** Bytes that what is in a folder takes on the disk, as du counts them; 0 if it does not exist. */
export async function roomBelow(folder: string): Promise<number> {
  const [all, own] = await Promise.all([
    treeRoom(folder),
    stat(folder).then(
      ({ blocks }) => blocks * 512,
      () => 0,
    ),
  ]);
  return Math.max(0, all - own);
}
