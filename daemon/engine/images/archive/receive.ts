import { hasReason, LikerError } from '../../../../common/errors.ts';
import type { ImageContext } from '../context.ts';
import { type DraftLayer, draftLayer, writeBytes } from '../layers/draft-layer.ts';

/**
 * Unpacks an archive, plain or compressed, while its bytes come. It is unpacked as a layer, so that the root of a file system need not be
 * unpacked again: `formOf` says what it is. Errors: BAD_IMAGE, those of the unpacker.
 */
export async function receiveArchive(
  context: ImageContext,
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<DraftLayer> {
  let received: DraftLayer;
  try {
    received = await draftLayer(context, writeBytes(bytes), () => {}, signal);
  } catch (error) {
    if (!hasReason(error, 'BAD_ARCHIVE')) throw error;
    const why = error.message.replace(/^Cannot unpack the layer: /, '');
    throw new LikerError('BAD_IMAGE', `Cannot read the archive: ${why}`, { cause: error });
  }
  if (received.unpacked.size > 0) return received;
  received[Symbol.dispose]();
  throw new LikerError('BAD_IMAGE', 'Cannot read the archive: it is empty');
}
