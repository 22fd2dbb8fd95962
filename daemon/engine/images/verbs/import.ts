import { LikerError } from '../../../../common/errors.ts';
import { canonicalName } from '../../../../common/image-name.ts';
import { parsePlatform } from '../../../oci/platform.ts';
import type { ImportOptions, MadeHere } from '../api.ts';
import { formOf } from '../archive/form.ts';
import { receiveArchive } from '../archive/receive.ts';
import { applyChanges } from '../changes/changes.ts';
import type { ImageContext } from '../context.ts';
import { parseDefaults } from '../model/configuration.ts';
import { parseTagName } from '../model/tag-name.ts';
import { makeAciImage } from './make-aci-image.ts';
import { makeRootImage } from './make-root-image.ts';

/** Makes an image of a root file system in a tar, plain or compressed, or of an App Container image. Errors: BAD_ARGUMENT, BAD_IMAGE, those of the unpacker. */
export async function importImage(
  context: ImageContext,
  bytes: AsyncIterable<Uint8Array>,
  options: ImportOptions,
  signal: AbortSignal,
): Promise<MadeHere> {
  const { name, message, changes, source } = options;
  const platform = parsePlatform(options.platform, 'start.platform');
  const names = name === '' ? [] : [canonicalName(parseTagName(name, 'start.name'))];
  const config = applyChanges(parseDefaults({}), changes);
  using received = await receiveArchive(context, bytes, signal);
  const form = await formOf(received.folder);
  if (form === 'oci' || form === 'docker' || form === 'old docker') {
    throw new LikerError(
      'BAD_IMAGE',
      'Cannot import the archive: it holds images; take them in with likerctl load',
    );
  }
  const comment = message || `Imported from ${source || '-'}`;
  if (form === 'aci') {
    const made = { names, changes, comment, action: 'import' } as const;
    return await makeAciImage(context, received, made, signal);
  }
  const image = await makeRootImage(context, received, {
    platform,
    config,
    comment,
    names,
    action: 'import',
  });
  return { image, warnings: [] };
}
