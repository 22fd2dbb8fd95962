import type { EventEmitter } from 'node:events';
import { connect } from 'node:net';

/** A connection to a Unix socket: the part of net.Socket that calls need, with its events connect, data, drain, error and close. */
export interface LocalSocket extends EventEmitter {
  readonly destroyed: boolean;
  readonly writable: boolean;
  /** False: wait for 'drain'. */
  write(bytes: Uint8Array): boolean;
  destroy(): unknown;
  pause(): unknown;
  resume(): unknown;
  /** It does not keep the process alive. */
  unref(): unknown;
}

/** In Bun's program, bun-socket.ts is in the place of this module. */
export function connectLocal(path: string): LocalSocket {
  return connect(path);
}
