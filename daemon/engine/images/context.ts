import { availableParallelism } from 'node:os';
import type { Log } from '../../host/log.ts';
import { Semaphore } from '../../loop/semaphore.ts';
import { Shared } from '../../loop/shared.ts';
import type { Descriptor } from '../../oci/document.ts';
import type { Registries } from '../../registry/api.ts';
import type { LayerRow } from '../../store/tables/layer.ts';
import type { LayerProgress } from './api.ts';
import type { LayerParts } from './layers/parts.ts';
import { Configurations } from './model/configuration-file.ts';
import { Leases } from './model/leases.ts';
import { Summaries } from './model/summary.ts';

/** What the verbs of images share. */
export interface ImageContext extends LayerParts {
  readonly log: Log;
  readonly summaries: Summaries;
  readonly configurations: Configurations;
  readonly registries: Registries;
  /** Names without a registry: Docker Hub's, or not to be fetched or sent. */
  readonly shortNames: 'docker' | 'strict';
  /** The archives of all layers that come are kept, as if each call asked for it. */
  readonly keepsBlobs: boolean;
  /** Room on the disk that running pulls are going to take. */
  readonly reserved: { bytes: number };
  /** Archives that may be made, and that may be sent, at the same time. */
  readonly packs: Semaphore;
  readonly uploads: Semaphore;
  /** What archives that were made from layers turned out to be, by DIFF_ID COMPRESSION: the next are the same bytes. */
  readonly packed: Map<string, Pick<Descriptor, 'digest' | 'size'>>;
  /** Layers that are coming, each once. */
  readonly jobs: Shared<LayerProgress, LayerRow>;
}

/** As in Docker. */
const downloadsAtOnce = 3;
const uploadsAtOnce = 5;

export function imageContext(
  parts: Pick<
    ImageContext,
    | 'log'
    | 'ledger'
    | 'content'
    | 'layers'
    | 'unpacker'
    | 'packer'
    | 'whiteouts'
    | 'registries'
    | 'keepsBlobs'
    | 'shortNames'
  >,
): ImageContext {
  return {
    ...parts,
    downloads: new Semaphore(downloadsAtOnce),
    unpacks: new Semaphore(Math.max(2, availableParallelism())),
    packs: new Semaphore(Math.max(2, availableParallelism())),
    uploads: new Semaphore(uploadsAtOnce),
    packed: new Map(),
    reserved: { bytes: 0 },
    leases: new Leases(),
    summaries: new Summaries(parts.content),
    configurations: new Configurations(parts.content),
    jobs: new Shared(),
  };
}
