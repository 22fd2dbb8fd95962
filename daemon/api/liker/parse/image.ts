import type { PullImageRequest } from '../../../../proto/gen/types/liker/v1/PullImageRequest.ts';
import type { RegistryCredentials } from '../../../../proto/gen/types/liker/v1/RegistryCredentials.ts';
import type { PullRequest } from '../../../engine/images/api.ts';
import { noNul, required } from './text.ts';

export function parsePull({ reference, platform, credentials, insecure }: PullImageRequest): PullRequest {
  return {
    reference: required(reference, 'reference'),
    platform: noNul(platform, 'platform'),
    credentials: credentials && parseCredentials(credentials),
    insecure,
  };
}

function parseCredentials(given: RegistryCredentials): PullRequest['credentials'] {
  const { username, password, identityToken, registryToken } = given;
  return { username, password, identityToken, registryToken };
}
