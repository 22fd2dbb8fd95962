import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { familiar } from '../../../../common/image-name.ts';
import { fromAci } from '../aci/configuration.ts';
import { badAci, maxManifestBytes, parseAciManifest } from '../aci/manifest.ts';
import type { MadeHere } from '../api.ts';
import { readInside } from '../archive/open-inside.ts';
import { applyChanges } from '../changes/changes.ts';
import type { ImageContext } from '../context.ts';
import { type DraftLayer, draftLayer } from '../layers/draft-layer.ts';
import { writeDiff } from '../layers/write-diff.ts';
import { parseDefaults } from '../model/configuration.ts';
import { type ImageAction, imageEvent } from '../model/events.ts';
import { makeImage } from './make-image.ts';

/**
 * An image of an App Container image: its rootfs is the only layer. Errors: BAD_IMAGE, BAD_ARGUMENT for the changes, those of the packer
 * and the unpacker.
 */
export async function makeAciImage(
  context: ImageContext,
  received: DraftLayer,
  image: {
    /** Canonical, with tags; empty: that of its manifest. */
    readonly names: readonly string[];
    readonly changes: readonly string[];
    readonly comment: string;
    readonly action: ImageAction;
  },
  signal: AbortSignal,
): Promise<MadeHere & { readonly names: readonly string[] }> {
  const { folder } = received;
  const manifest = parseAciManifest(await readInside(folder, 'manifest', maxManifestBytes));
  const { name, platform, author, config, warnings } = fromAci(manifest, {
    needsName: image.names.length === 0,
  });
  const changed = applyChanges(parseDefaults(config), image.changes);
  const names = image.names.length > 0 ? image.names : [name];
  await using root = await open(join(folder, 'rootfs'), constants.O_DIRECTORY | constants.O_NOFOLLOW).catch(
    () => Promise.reject(badAci("'rootfs' is no folder")),
  );
  using layer = await draftLayer(context, writeDiff(context, root.fd), () => {}, signal);
  const { os, architecture, variant } = platform;
  const made = await makeImage(context, layer, {
    configuration: {
      architecture,
      os,
      ...(variant && { variant }),
      ...(author && { author }),
      config: { ...config, ...changed },
    },
    step: { createdBy: '', comment: image.comment, author },
    names,
    events: (id) => [imageEvent(image.action, id, familiar(names[0] ?? id))],
  });
  return { image: made, names, warnings };
}
