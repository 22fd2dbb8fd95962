import { formatBytes } from '../../common/units.ts';
import type { LayerProgress } from '../../proto/gen/types/liker/v1/LayerProgress.ts';

const width = 50;

/** Docker's words for what happens to a layer, with a bar of the known bytes. */
export function layerText({ stage, bytes, totalBytes }: LayerProgress): string {
  switch (stage) {
    case 'STAGE_DOWNLOADING':
      return `Downloading ${bar(bytes, totalBytes)}`;
    case 'STAGE_UNPACKING':
      return `Extracting  ${bar(bytes, totalBytes)}`;
    case 'STAGE_DONE':
      return 'Pull complete';
    case 'STAGE_EXISTS':
      return 'Already exists';
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
