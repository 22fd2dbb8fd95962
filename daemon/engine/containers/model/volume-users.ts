import type { Container } from './container.ts';
import type { Registry } from './registry.ts';
import type { ContainerSpec } from './spec.ts';

/** Names of the volumes that a container has. */
export function volumesOf({ mounts }: Pick<ContainerSpec, 'mounts'>): string[] {
  return [...new Set(mounts.flatMap((mount) => (mount.type === 'volume' ? [mount.volume] : [])))];
}

/** The containers that have a volume, newest first. */
export function usersOf(registry: Registry, volume: string): Container[] {
  return registry.all().filter(({ spec }) => volumesOf(spec).includes(volume));
}
