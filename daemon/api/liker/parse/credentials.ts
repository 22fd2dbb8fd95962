import type { RegistryCredentials } from '../../../../proto/gen/types/liker/v1/RegistryCredentials.ts';
import type { Credentials } from '../../../registry/api.ts';
import { noNul } from './text.ts';

/** Null: none. The field is that of the request. */
export function parseCredentials(given: RegistryCredentials | null): Credentials | null {
  if (given === null) return null;
  const field = (name: string): string => `credentials.${name}`;
  return {
    username: noNul(given.username, field('username')),
    password: noNul(given.password, field('password')),
    identityToken: noNul(given.identityToken, field('identity_token')),
    registryToken: noNul(given.registryToken, field('registry_token')),
  };
}
