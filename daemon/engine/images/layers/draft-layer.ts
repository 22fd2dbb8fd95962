import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { LikerError } from '../../../../common/errors.ts';
import type { Progress, UnpackedLayer } from '../../../kernel/archive/report.ts';
import type { LayerRow } from '../../../store/tables/layer.ts';
import { commitLayer } from './commit-layer.ts';
import { layerLimits } from './limits.ts';
import type { LayerParts } from './parts.ts';

/**
 * Writes a tar, plain or compressed, to a socket and ends it. Resolves when the tar is complete. A program that writes it can be given the
 * socket as its stdout, which is then to be destroyed here.
 */
export type WriteTar = (output: Socket, signal: AbortSignal) => Promise<void>;

/** What a tar holds, unpacked as a layer, without a row. Disposing of it gives it up, unless it was committed. */
export interface DraftLayer extends Disposable {
  readonly folder: string;
  readonly unpacked: UnpackedLayer;
  /** The layer is on the disk, and has its row, when this resolves. Hold its diff id before, until an image has it. */
  commit(): Promise<LayerRow>;
}

/**
 * Unpacks a tar as it is written. It waits for no place among those that unpack: whoever writes may be slow. Errors: those of the writer and of the unpacker,
 * CANCELLED.
 */
export async function draftLayer(
  parts: LayerParts,
  write: WriteTar,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<DraftLayer> {
  const folder = await parts.layers.begin();
  const abandon = (): void => parts.layers.abandon(folder);
  try {
    const unpacked = await unpackInto(parts, folder, { write, onProgress, signal });
    let isCommitted = false;
    return {
      folder,
      unpacked,
      async commit() {
        const row = await commitLayer(parts, folder, unpacked);
        isCommitted = true;
        return row;
      },
      [Symbol.dispose]: () => {
        if (!isCommitted) abandon();
      },
    };
  } catch (error) {
    abandon();
    throw error;
  }
}

/** Writes bytes as they come. */
export function writeBytes(bytes: AsyncIterable<Uint8Array>): WriteTar {
  return (output, signal) => pipeline(bytes, output, { signal });
}

interface Work {
  readonly write: WriteTar;
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

async function unpackInto(
  { layers, unpacker, whiteouts }: LayerParts,
  folder: string,
  { write, onProgress, signal }: Work,
): Promise<UnpackedLayer> {
  await using target = await open(folder, constants.O_DIRECTORY);
  await using recipe = await open(layers.recipeDraft(folder), 'wx+', 0o600);
  signal.throwIfAborted();
  const { input, layer } = unpacker.startStream({
    target: target.fd,
    recipe: recipe.fd,
    whiteouts,
    ...layerLimits,
    onProgress,
    signal,
  });
  const over = new AbortController();
  // The signal alone is not enough: pipeline() waits without end for an output that its reader ended before the first byte.
  const failure = new Promise<never>((_, reject) => {
    layer.catch((error: unknown) => {
      over.abort();
      reject(error);
    });
  });
  let problem: unknown;
  try {
    await Promise.race([write(input, AbortSignal.any([signal, over.signal])), failure]);
  } catch (error) {
    if (!over.signal.aborted) problem = error;
    // The unpacker takes this for the end of the tar.
    input.destroy();
  }
  const [unpacked] = await Promise.allSettled([layer]);
  if (signal.aborted) throw cancelled(signal);
  const isFailed = unpacked.status === 'rejected';
  if (problem !== undefined && !(isFailed && mayBeOfReader(problem))) throw problem;
  if (isFailed) throw unpacked.reason;
  return unpacked.value;
}

/** What a writer gets whose unpacker has ended. Why, the unpacker says. */
function mayBeOfReader(error: unknown): boolean {
  const code = error instanceof LikerError ? error.syscall?.errno : (error as NodeJS.ErrnoException).code;
  return code === 'EPIPE' || code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE';
}

function cancelled({ reason }: AbortSignal): Error {
  return reason instanceof LikerError ? reason : new LikerError('CANCELLED', 'The call was cancelled');
}
