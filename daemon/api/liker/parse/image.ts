import { badArgument } from '../../../../common/errors.ts';
import type { PullImageRequest } from '../../../../proto/gen/types/liker/v1/PullImageRequest.ts';
import type { PullRequest } from '../../../engine/images/api.ts';
import { parseCredentials } from './credentials.ts';
import { noNul, required } from './text.ts';

export function parsePull(request: PullImageRequest): PullRequest {
  const { reference, platform, credentials, insecure, keepBlobs } = request;
  if (keepBlobs) throw badArgument('keep_blobs', 'Invalid keep_blobs: archives of layers are not kept yet');
  return {
    reference: required(reference, 'reference'),
    platform: noNul(platform, 'platform'),
    credentials: parseCredentials(credentials),
    insecure,
  };
}
