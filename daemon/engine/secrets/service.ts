import { LikerError } from '../../../common/errors.ts';
import { shortId } from '../../../common/ids.ts';
import type { Container } from '../containers/model/container.ts';
import type { EngineContext } from '../context.ts';
import type { SecretService } from './api.ts';

export function secretService({ secrets, registry }: EngineContext): SecretService {
  const usersOf = (name: string): Container[] =>
    registry.all().filter(({ spec }) => spec.secrets.some((secret) => secret.name === name));
  return {
    create: async (name, content) => secrets.create(name, content),

    list: async () =>
      secrets.list().map((secret) => ({ ...secret, users: usersOf(secret.name).map(({ id }) => id) })),

    async remove(name) {
      secrets.require(name);
      const [user] = usersOf(name);
      if (user)
        throw new LikerError(
          'SECRET_IN_USE',
          `Cannot remove secret '${name}': container '${user.name}' (${shortId(user.id)}) has it, and could not be started again; remove that first`,
          { metadata: { secret: name, container: user.id } },
        );
      secrets.remove(name);
    },
  };
}
