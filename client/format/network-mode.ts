import type { Container } from '../../proto/gen/types/liker/v1/Container.ts';

/** Docker's word for it; as in Podman, the program that connects it where there is one. */
export function networkMode({ spec, networkProgram }: Container): string {
  return spec?.namespaces?.network || networkProgram || 'none';
}
