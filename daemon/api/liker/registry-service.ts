import { checkRegistryHost } from '../../../common/image-name.ts';
import type { RegistryServiceHandlers } from '../../../proto/gen/types/liker/v1/RegistryService.ts';
import type { RegistryService } from '../../engine/api.ts';
import type { ApiContext } from '../grpc/context.ts';
import { unaryHandlers } from '../grpc/unary.ts';
import { parseCredentials } from './parse/credentials.ts';
import { required } from './parse/text.ts';

export function registryService(context: ApiContext, registries: RegistryService): RegistryServiceHandlers {
  const { reads } = unaryHandlers(context);
  return {
    CheckCredentials: reads(async ({ registry, credentials, insecure }, signal) => {
      const access = { credentials: parseCredentials(credentials), insecure };
      const host = checkRegistryHost(required(registry, 'registry'), 'registry');
      const identityToken = await registries.checkCredentials(host, access, signal);
      return { identityToken };
    }),
  };
}
