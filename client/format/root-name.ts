import type { ContainerSpec } from '../../proto/gen/types/liker/v1/ContainerSpec.ts';

/** The image of a container as it was asked for, or its directory. */
export function rootName(spec: ContainerSpec | null): string {
  return spec?.rootfs?.image || (spec?.rootfs?.directory ?? '');
}
