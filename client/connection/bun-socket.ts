import { EventEmitter } from 'node:events';
import type { LocalSocket } from './local-socket.ts';

/** https://bun.com/docs/runtime/networking/tcp */
interface NativeSocket {
  /** Returns how many bytes it has taken. */
  write(bytes: Uint8Array): number;
  terminate(): void;
  pause(): void;
  resume(): void;
  unref(): void;
}

interface Handlers {
  open(socket: NativeSocket): void;
  data(socket: NativeSocket, bytes: Buffer): void;
  drain(): void;
  error(socket: NativeSocket, error: Error): void;
  connectError(): void;
  close(): unknown;
}

declare const Bun: {
  connect(options: { readonly unix: string; readonly socket: Handlers }): Promise<unknown>;
};

/** Bun's own sockets: loading node:net takes longer than a call. */
export function connectLocal(path: string): LocalSocket {
  return new BunSocket(path);
}

class BunSocket extends EventEmitter implements LocalSocket {
  destroyed = false;
  #native: NativeSocket | null = null;
  #unsent: Uint8Array[] = [];
  #isBackground = false;

  constructor(path: string) {
    super();
    const socket: Handlers = {
      open: (native) => this.#open(native),
      data: (_, bytes) => this.emit('data', bytes),
      drain: () => this.#drain(),
      error: (_, error) => this.emit('error', error),
      // The promise rejects, too.
      connectError: () => {},
      // It comes for a connection that failed as well, without why.
      close: () => this.#native && this.destroy(),
    };
    Bun.connect({ unix: path, socket }).catch(({ code = 'failed' }: NodeJS.ErrnoException) =>
      this.#fail(new Error(`connect ${code} ${path}`)),
    );
  }

  get writable(): boolean {
    return !this.destroyed;
  }

  write(bytes: Uint8Array): boolean {
    this.#unsent.push(bytes);
    this.#send();
    return this.#unsent.length === 0;
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.#native?.terminate();
    queueMicrotask(() => this.emit('close'));
  }

  pause(): void {
    this.#native?.pause();
  }

  resume(): void {
    this.#native?.resume();
  }

  unref(): void {
    this.#isBackground = true;
    this.#native?.unref();
  }

  #open(native: NativeSocket): void {
    if (this.destroyed) {
      native.terminate();
      return;
    }
    this.#native = native;
    if (this.#isBackground) native.unref();
    this.emit('connect');
    this.#send();
  }

  #fail(error: Error): void {
    if (this.destroyed) return;
    this.emit('error', error);
    this.destroy();
  }

  #drain(): void {
    this.#send();
    if (this.#unsent.length === 0) this.emit('drain');
  }

  #send(): void {
    for (let bytes = this.#unsent[0]; this.#native && bytes; bytes = this.#unsent[0]) {
      const sent = this.#native.write(bytes);
      if (sent < bytes.length) {
        this.#unsent[0] = bytes.subarray(Math.max(sent, 0));
        return;
      }
      this.#unsent.shift();
    }
  }
}
