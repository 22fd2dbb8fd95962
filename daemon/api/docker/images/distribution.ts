import * as v from 'valibot';
import { parseImageName, withDefaultTag } from '../../../../common/image-name.ts';
import type { Document } from '../../../oci/document.ts';
import type { Repository } from '../../../registry/api.ts';
import type { Door } from '../door.ts';
import { type Answer, json } from '../http/answer.ts';
import { type Call, nameOf, parseBody, text } from '../http/call.ts';
import { accessOf } from './credentials.ts';

/** What a registry has for a name, without pulling it. */
export async function distribution({ engine }: Door, call: Call): Promise<Answer> {
  const name = withDefaultTag(parseImageName(nameOf(call), 'name'));
  const repository = engine.registries.open(name, accessOf(call.headers));
  const digest = await repository.digest(call.signal);
  const document = await repository.document({ digest, mediaType: '' }, call.signal);
  return json({
    Descriptor: { mediaType: document.mediaType, digest, size: document.bytes.length },
    Platforms: await platformsOf(document, repository, call.signal),
  });
}

async function platformsOf(document: Document, repository: Repository, signal: AbortSignal) {
  if (document.kind === 'index')
    return document.content.manifests.flatMap(({ platform }) => (platform ? [platform] : []));
  return [parseBody(await repository.blob(document.content.config, signal), platform)];
}

const platform = v.object({ architecture: text, os: text, variant: v.optional(v.string()) });
