import { badArgument } from '../../../../common/errors.ts';
import type { ImportStart } from '../../../../proto/gen/types/liker/v1/ImportStart.ts';
import type { PullImageRequest } from '../../../../proto/gen/types/liker/v1/PullImageRequest.ts';
import type { PushImageRequest } from '../../../../proto/gen/types/liker/v1/PushImageRequest.ts';
import type { SaveImagesRequest } from '../../../../proto/gen/types/liker/v1/SaveImagesRequest.ts';
import type { ImportOptions, PullRequest, PushRequest, SaveRequest } from '../../../engine/images/api.ts';
import { wordFor } from '../words.ts';
import { parseCredentials } from './credentials.ts';
import { noNul, required } from './text.ts';

export function parsePull(request: PullImageRequest): PullRequest {
  const { reference, platform, credentials, insecure, keepBlobs } = request;
  return {
    reference: required(reference, 'reference'),
    platform: noNul(platform, 'platform'),
    credentials: parseCredentials(credentials),
    insecure,
    keepBlobs,
  };
}

export function parsePush({ name, allTags, credentials, insecure }: PushImageRequest): PushRequest {
  return {
    name: required(name, 'name'),
    allTags,
    credentials: parseCredentials(credentials),
    insecure,
  };
}

const forms = {
  both: 'FORMAT_UNSPECIFIED',
  oci: 'FORMAT_OCI',
  docker: 'FORMAT_DOCKER',
} as const satisfies Record<SaveRequest['form'], string>;

const compressions = {
  none: 'COMPRESSION_NONE',
  gzip: 'COMPRESSION_GZIP',
  zstd: 'COMPRESSION_ZSTD',
} as const satisfies Record<NonNullable<SaveRequest['compression']>, string>;

export function parseSave({ images, format, compression }: SaveImagesRequest): SaveRequest {
  if (images.length === 0) throw badArgument('images', 'Invalid images: name at least one');
  return {
    references: images.map((image, index) => required(image, `images[${index}]`)),
    form: wordFor(forms, format, 'format') ?? 'both',
    compression: wordFor(compressions, compression, 'compression') ?? null,
  };
}

export function parseImport({ name, message, changes, platform, source }: ImportStart): ImportOptions {
  return {
    name: noNul(name, 'start.name'),
    message: noNul(message, 'start.message'),
    changes: changes.map((change) => noNul(change, 'start.changes')),
    platform: noNul(platform, 'start.platform'),
    source: noNul(source, 'start.source'),
  };
}
