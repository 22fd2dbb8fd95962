import type { Log } from '../../host/log.ts';
import type { Content } from '../../storage/content.ts';
import type { LayerFolders } from '../../storage/layers.ts';
import type { Leases } from './model/leases.ts';
import type { ImageLedger } from './model/ledger.ts';

/** What the verbs of images share. */
export interface ImageContext {
  readonly log: Log;
  readonly ledger: ImageLedger;
  readonly content: Content;
  readonly layers: LayerFolders;
  readonly leases: Leases;
}
