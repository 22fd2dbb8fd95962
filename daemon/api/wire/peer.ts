import type { Socket } from 'node:net';

/** The process at the other end of a connection, as of its connect(2). */
export interface Peer {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** Puts the credentials where a call finds them: getPeer() returns the remoteAddress of the socket. */
export function tagSocket(socket: Socket, { pid, uid, gid }: Peer): void {
  Object.defineProperty(socket, 'remoteAddress', { value: `pid=${pid},uid=${uid},gid=${gid}` });
}

/** The peer of a call; null when its connection is gone. */
export function peerOf(call: { getPeer(): string }): Peer | null {
  const match = /^pid=(-?\d+),uid=(\d+),gid=(\d+)$/.exec(call.getPeer());
  if (match === null) return null;
  return { pid: Number(match[1]), uid: Number(match[2]), gid: Number(match[3]) };
}
