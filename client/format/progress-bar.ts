import { familiar } from '../../common/image-name.ts';
import { formatBytes } from '../../common/units.ts';
import type { LayerProgress } from '../../proto/gen/types/liker/v1/LayerProgress.ts';

const width = 50;

/** What is said of layers that have arrived. */
export interface SettledWords {
  readonly done: string;
  readonly exists: string;
}

export const pullWords: SettledWords = { done: 'Pull complete', exists: 'Already exists' };
export const pushWords: SettledWords = { done: 'Pushed', exists: 'Layer already exists' };
export const saveWords: SettledWords = { done: 'Saved', exists: 'Saved' };

/** Docker's words for what happens to a layer, with a bar of the known bytes. */
export function layerText(
  { stage, bytes, totalBytes, mountedFrom }: LayerProgress,
  words: SettledWords,
): string {
  switch (stage) {
    case 'STAGE_DOWNLOADING':
      return `Downloading ${bar(bytes, totalBytes)}`;
    case 'STAGE_UNPACKING':
      return `Extracting  ${bar(bytes, totalBytes)}`;
    case 'STAGE_PACKING':
      return `Preparing   ${formatBytes(bytes)}`;
    case 'STAGE_SENDING':
      return `Pushing     ${bar(bytes, totalBytes)}`;
    case 'STAGE_MOUNTED':
      return `Mounted from ${familiar(mountedFrom)}`;
    case 'STAGE_DONE':
      return words.done;
    case 'STAGE_EXISTS':
      return words.exists;
    default:
      return bytes > 0 ? `Waiting     ${bar(bytes, totalBytes)}` : 'Waiting';
  }
}

/** [=====>    ]  1.2MB/3.4MB */
function bar(bytes: number, total: number): string {
  const share = total === 0 ? 1 : Math.min(bytes / total, 1);
  const full = Math.floor(share * width);
  const line = full >= width ? '='.repeat(width) : `${'='.repeat(full)}>`;
  return `[${line.padEnd(width)}]  ${formatBytes(bytes)}/${formatBytes(total)}`;
}
