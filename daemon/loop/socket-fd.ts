import type { Socket } from 'node:net';

/** The descriptor of a connected socket, for which Node has no public API. */
export function socketFd(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { _handle: { readonly fd: number } | null };
  return handle?.fd ?? -1;
}
