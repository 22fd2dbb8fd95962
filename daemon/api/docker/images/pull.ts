import { asError } from '../../../../common/errors.ts';
import { familiarName, parseImageName, withDefaultTag } from '../../../../common/image-name.ts';
import { formatBytes } from '../../../../common/units.ts';
import type { LayerProgress, PullFrame, Stage } from '../../../engine/images/api.ts';
import type { Door } from '../door.ts';
import { type Answer, json, lines } from '../http/answer.ts';
import type { Call } from '../http/call.ts';
import { HttpError } from '../http/errors.ts';
import { accessOf } from './credentials.ts';
import { nameWithTag } from './names.ts';

/** Pulls an image. What fails before anything has come is an error of the call, the rest an object of the answer. */
export async function createImage(door: Door, call: Call): Promise<Answer> {
  const { query, headers, signal } = call;
  const from = query.get('fromImage') ?? '';
  if (query.get('fromSrc')) return importImage(door, call);
  if (from === '') throw new HttpError(400, 'fromImage is missing: the name of an image');
  const reference = nameWithTag(from, query.get('tag') ?? '');
  const platform = query.get('platform') ?? '';
  const request = { reference, platform, keepBlobs: false, ...accessOf(headers) };
  const frames = door.engine.images.pull(request, signal)[Symbol.asyncIterator]();
  const first = await frames.next();
  return lines(progress(first, frames, familiarName(withDefaultTag(parseImageName(reference, 'fromImage')))));
}

/** Makes an image of the tar in the body. */
async function importImage({ engine }: Door, { query, bytes, signal }: Call): Promise<Answer> {
  const source = query.get('fromSrc') ?? '';
  if (source !== '-')
    throw new HttpError(501, `Cannot fetch '${source}': fetch it yourself, and send it with docker import -`);
  const repo = query.get('repo') ?? '';
  const { image } = await engine.images.import(
    bytes,
    {
      name: repo === '' ? '' : nameWithTag(repo, query.get('tag') ?? ''),
      message: query.get('message') ?? '',
      changes: query.getAll('changes'),
      platform: query.get('platform') ?? '',
      source,
    },
    signal,
  );
  return json({ status: image.id });
}

async function* progress(
  first: IteratorResult<PullFrame>,
  frames: AsyncIterator<PullFrame>,
  name: string,
): AsyncIterable<object> {
  let digest = '';
  yield { status: `Pulling from ${name.replace(/[:@][^/]*$/, '')}`, id: name.split(/[:@]/).at(-1) };
  try {
    for (let next = first; next.done !== true; next = await frames.next()) {
      const frame = next.value;
      if (frame.kind === 'resolved') {
        digest = frame.digest;
        for (const layer of frame.layers) yield layerLine(layer);
      } else if (frame.kind === 'progress') yield layerLine(frame.layer);
      else {
        if (digest !== '') yield { status: `Digest: ${digest}` };
        const what = frame.changed ? 'Downloaded newer image for' : 'Image is up to date for';
        yield { status: `Status: ${what} ${name}` };
      }
    }
  } catch (error) {
    yield errorLine(error);
  } finally {
    await frames.return?.();
  }
}

/** The last object of an answer that has begun and cannot be completed. */
export function errorLine(error: unknown): object {
  const { message } = asError(error);
  return { errorDetail: { message }, error: message };
}

const words: Readonly<Record<Stage, string>> = {
  waiting: 'Waiting',
  downloading: 'Downloading',
  unpacking: 'Extracting',
  done: 'Pull complete',
  exists: 'Already exists',
  packing: 'Preparing',
  sending: 'Pushing',
  mounted: 'Mounted from',
};

export function layerLine({ digest, stage, bytes, totalBytes }: LayerProgress): object {
  const id = digest.replace(/^sha256:/, '').slice(0, 12);
  const hasBar = (stage === 'downloading' || stage === 'unpacking' || stage === 'sending') && totalBytes > 0;
  if (!hasBar) return { status: words[stage], progressDetail: {}, id };
  const detail = { current: bytes, total: totalBytes };
  return { status: words[stage], progressDetail: detail, progress: bar(bytes, totalBytes), id };
}

const barWidth = 50;

function bar(bytes: number, total: number): string {
  const done = Math.min(barWidth, Math.floor((bytes / total) * barWidth));
  const line = `${'='.repeat(done)}>`.slice(0, barWidth).padEnd(barWidth);
  return `[${line}]  ${formatBytes(bytes)}/${formatBytes(total)}`;
}
