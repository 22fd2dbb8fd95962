import type { Packer } from '../../../kernel/archive/pack.ts';
import type { Unpacker } from '../../../kernel/archive/unpack.ts';
import type { Semaphore } from '../../../loop/semaphore.ts';
import type { Content } from '../../../storage/content.ts';
import type { LayerFolders } from '../../../storage/layers.ts';
import type { Leases } from '../model/leases.ts';
import type { ImageLedger } from '../model/ledger.ts';

/** What the pipeline of a layer works with. */
export interface LayerParts {
  readonly ledger: ImageLedger;
  readonly leases: Leases;
  readonly content: Content;
  readonly layers: LayerFolders;
  readonly unpacker: Pick<Unpacker, 'start' | 'startStream'>;
  readonly packer: Pick<Packer, 'recipe' | 'diff'>;
  /** Layers that may come, and that may be unpacked, at the same time. */
  readonly downloads: Semaphore;
  readonly unpacks: Semaphore;
  /** An ordinary user's overlays know whiteouts by other attributes than root's. */
  readonly whiteouts: 'trusted' | 'user';
}
