import type { PushFrame } from '../../../engine/images/api.ts';
import type { Door } from '../door.ts';
import { type Answer, lines } from '../http/answer.ts';
import { beginFully } from '../http/begin.ts';
import { type Call, nameOf } from '../http/call.ts';
import { accessOf } from './credentials.ts';
import { nameWithTag } from './names.ts';
import { errorLine, layerLine } from './pull.ts';

/** Without a tag, all tags of the repository. */
export async function pushImage({ engine }: Door, call: Call): Promise<Answer> {
  const tag = call.query.get('tag') ?? '';
  const name = nameWithTag(nameOf(call), tag);
  const request = { name, allTags: tag === '', ...accessOf(call.headers) };
  return lines(progress(await beginFully(engine.images.push(request, call.signal)), nameOf(call)));
}

async function* progress(frames: AsyncIterable<PushFrame>, name: string): AsyncIterable<object> {
  yield { status: `The push refers to repository [${name}]` };
  try {
    for await (const frame of frames) {
      if (frame.kind === 'progress') {
        yield layerLine(frame.layer);
        continue;
      }
      const { tag, digest, sizeBytes } = frame;
      yield { status: `${tag}: digest: ${digest} size: ${sizeBytes}` };
      yield { progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: sizeBytes } };
    }
  } catch (error) {
    yield errorLine(error);
  }
}
