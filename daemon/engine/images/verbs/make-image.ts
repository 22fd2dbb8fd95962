import { digestOf } from '../../../../common/digest.ts';
import type { NewEvent } from '../../journal/event.ts';
import type { ImageView } from '../api.ts';
import type { ImageContext } from '../context.ts';
import type { DraftLayer } from '../layers/draft-layer.ts';
import { parseConfiguration } from '../model/configuration.ts';
import { findById } from '../model/find.ts';
import { viewImage } from '../view.ts';
import { addImage } from './add-image.ts';

/** An image that is made here. */
export interface MadeImage {
  /**
   * The JSON of its configuration. The time, the new layer and its step are added; the layers and steps that it has are those of the
   * image below, which must not go meanwhile.
   */
  readonly configuration: Readonly<Record<string, unknown>>;
  /** How the layer was made. */
  readonly step: { readonly createdBy: string; readonly comment: string; readonly author?: string };
  /** Canonical, with tags. They are taken from other images. */
  readonly names: readonly string[];
  readonly events: (imageId: string) => readonly NewEvent[];
}

/**
 * Makes an image of a layer, and of those that its configuration has already. As in Docker, a layer without entries is only a step in the
 * image's history. The image is on the disk, and has its names, when this resolves.
 */
export async function makeImage(
  context: ImageContext,
  layer: DraftLayer,
  { configuration, step, names, events }: MadeImage,
): Promise<ImageView> {
  const { diffId, entries } = layer.unpacked;
  using _layer = context.leases.hold([diffId]);
  if (entries > 0) await layer.commit();
  const createdAt = Date.now();
  const bytes = withLayer(configuration, entries > 0 ? diffId : null, step, createdAt);
  const id = digestOf(bytes);
  using _image = context.leases.hold([id]);
  await context.content.write(bytes);
  addImage(
    context,
    {
      image: { id, createdAt },
      diffIds: parseConfiguration(bytes, 'the new configuration').rootfs.diff_ids,
      blobs: [{ digest: id, size: bytes.length, createdAt }],
      manifests: [],
      digests: [],
      names,
    },
    ...events(id),
  );
  return viewImage(context, findById(context.ledger.rows, id));
}

/** The bytes of a configuration with one more step, and its layer; null: it made none. Tools refuse images with fewer steps than layers. */
function withLayer(
  json: MadeImage['configuration'],
  diffId: string | null,
  { createdBy, comment, author }: MadeImage['step'],
  createdAt: number,
): Buffer {
  const { rootfs, history } = parseConfiguration(Buffer.from(JSON.stringify({ rootfs: {}, ...json })), 'it');
  const created = new Date(createdAt).toISOString();
  const told = history.filter(({ empty_layer: isEmpty }) => isEmpty !== true).length;
  const untold = Array.from({ length: rootfs.diff_ids.length - told }, () => ({ created, created_by: '' }));
  const given = json['history'];
  const made = {
    created,
    ...(author && { author }),
    created_by: createdBy,
    ...(comment && { comment }),
    ...(diffId === null && { empty_layer: true }),
  };
  const whole = {
    ...json,
    created,
    rootfs: { type: 'layers', diff_ids: [...rootfs.diff_ids, ...(diffId === null ? [] : [diffId])] },
    history: [...untold, ...(Array.isArray(given) ? given : []), made],
  };
  return Buffer.from(JSON.stringify(whole));
}
