import type { PullImageRequest } from '../../../../proto/gen/types/liker/v1/PullImageRequest.ts';
import type { PullRequest } from '../../../engine/images/api.ts';
import { parseCredentials } from './credentials.ts';
import { noNul, required } from './text.ts';

export function parsePull({ reference, platform, credentials, insecure }: PullImageRequest): PullRequest {
  return {
    reference: required(reference, 'reference'),
    platform: noNul(platform, 'platform'),
    credentials: parseCredentials(credentials),
    insecure,
  };
}
