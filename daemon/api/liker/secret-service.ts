import type { SecretServiceHandlers } from '../../../proto/gen/types/liker/v1/SecretService.ts';
import type { SecretService } from '../../engine/secrets/api.ts';
import type { ApiContext } from '../grpc/context.ts';
import { unaryHandlers } from '../grpc/unary.ts';
import { timestampOfMs } from './format/time.ts';
import { required } from './parse/text.ts';

export function secretService(context: ApiContext, secrets: SecretService): SecretServiceHandlers {
  const { reads, changes } = unaryHandlers(context);
  return {
    CreateSecret: changes(async ({ name, content }) => {
      await secrets.create(required(name, 'name'), content);
      return {};
    }),
    ListSecrets: reads(async () => ({
      secrets: (await secrets.list()).map(({ name, createdAt, bytes, users }) => ({
        name,
        createdAt: timestampOfMs(createdAt),
        sizeBytes: bytes,
        containerIds: [...users],
      })),
    })),
    RemoveSecret: changes(async ({ name }) => {
      await secrets.remove(required(name, 'name'));
      return {};
    }),
  };
}
