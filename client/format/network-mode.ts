import type { Container } from '../../proto/gen/types/liker/v1/Container.ts';

/** Docker's word for it: a mode, or its first network; as in Podman, the program that connects it where there is one. */
export function networkMode({ spec, endpoints, networkProgram }: Container): string {
  return spec?.namespaces?.network || endpoints[0]?.networkName || networkProgram || 'none';
}

/** The networks of a container; the mode stands for one. */
export function networkNames(container: Container): string[] {
  const names = container.endpoints.map(({ networkName }) => networkName);
  return names.length > 0 ? names : [networkMode(container)];
}
