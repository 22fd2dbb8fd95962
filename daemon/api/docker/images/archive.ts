import type { LoadFrame, SaveFrame } from '../../../engine/images/api.ts';
import type { Door } from '../door.ts';
import { type Answer, bytes, lines } from '../http/answer.ts';
import { beginFully } from '../http/begin.ts';
import { type Call, nameOf } from '../http/call.ts';
import { HttpError } from '../http/errors.ts';
import { repoTags } from './names.ts';
import { errorLine } from './pull.ts';

export async function saveImages(door: Door, call: Call): Promise<Answer> {
  const names = call.query.getAll('names').flatMap((text) => text.split(','));
  if (names.length === 0) throw new HttpError(400, 'names is missing: the images');
  return saved(door, names, call);
}

export async function saveImage(door: Door, call: Call): Promise<Answer> {
  return saved(door, [nameOf(call)], call);
}

/** As docker save writes it, with an OCI layout beside. */
async function saved({ engine }: Door, references: readonly string[], { signal }: Call): Promise<Answer> {
  const frames = engine.images.save({ references, form: 'both', compression: null }, signal);
  return bytes(await beginFully(dataOf(frames)), 'application/x-tar');
}

async function* dataOf(frames: AsyncIterable<SaveFrame>): AsyncIterable<Uint8Array> {
  for await (const frame of frames) if (frame.kind === 'data') yield frame.bytes;
}

/** The body is an archive of images, in any form that Liker knows. */
export async function loadImages({ engine }: Door, call: Call): Promise<Answer> {
  const frames = engine.images.load(call.bytes, { platform: '', keepBlobs: false }, call.signal);
  return lines(loaded(await beginFully(frames)));
}

async function* loaded(frames: AsyncIterable<LoadFrame>): AsyncIterable<object> {
  try {
    for await (const frame of frames) if (frame.kind === 'loaded') yield { stream: loadedText(frame) };
  } catch (error) {
    yield errorLine(error);
  }
}

function loadedText({ image, names }: Extract<LoadFrame, { kind: 'loaded' }>): string {
  if (names.length === 0) return `Loaded image ID: ${image.id}\n`;
  return repoTags(names)
    .map((name) => `Loaded image: ${name}\n`)
    .join('');
}
