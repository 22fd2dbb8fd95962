// Frames of ttrpc: https://github.com/containerd/ttrpc/blob/main/PROTOCOL.md

const headerBytes = 10;

/** The first byte of a frame is always 0, by which it is told from HTTP/2. The specification has 4 MiB, gRPC's API 16 MiB. */
export const maxDataBytes = 2 ** 24 - 1;

export const frameTypes = { request: 1, response: 2, data: 3 } as const;
export const frameFlags = { remoteClosed: 1, remoteOpen: 2, noData: 4 } as const;

export interface Frame {
  /** Odd: the calls of a client. */
  readonly stream: number;
  readonly type: number;
  readonly flags: number;
  readonly data: Buffer;
}

/** Bytes that are no frames of ttrpc, or a frame that is too large. Nothing after them can be read. */
export class FrameError extends Error {
  /** The stream of the frame; 0: the bytes are of another protocol, such as HTTP/2. */
  readonly stream: number;

  constructor(message: string, stream: number) {
    super(message);
    this.stream = stream;
  }
}

/** The data is copied. */
export function encodeFrame(stream: number, type: number, flags: number, data: Uint8Array): Buffer {
  if (data.length > maxDataBytes) throw new FrameError(tooLarge(data.length), stream);
  const frame = Buffer.allocUnsafe(headerBytes + data.length);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(stream, 4);
  frame[8] = type;
  frame[9] = flags;
  frame.set(data, headerBytes);
  return frame;
}

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #length = 0;
  #needed = headerBytes;

  /** The frames that are complete with this chunk. Throws a FrameError; then no more may be pushed. */
  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#needed) return [];
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    const frames: Frame[] = [];
    let at = 0;
    for (;;) {
      this.#needed = neededAt(bytes, at);
      const end = at + this.#needed;
      if (end > bytes.length) break;
      frames.push(frameIn(bytes, at, end));
      at = end;
    }
    this.#length = bytes.length - at;
    // An empty rest would keep its chunk for as long as the connection is idle.
    this.#chunks = this.#length === 0 ? [] : [bytes.subarray(at)];
    return frames;
  }
}

/** Length of the frame that begins there, as far as it is known. */
function neededAt(bytes: Buffer, at: number): number {
  if (bytes.length - at < headerBytes) return headerBytes;
  const stream = bytes.readUInt32BE(at + 4);
  if (stream === 0) throw new FrameError('The peer does not speak ttrpc', stream);
  const length = bytes.readUInt32BE(at);
  if (length > maxDataBytes) throw new FrameError(tooLarge(length), stream);
  return headerBytes + length;
}

function frameIn(bytes: Buffer, at: number, end: number): Frame {
  return {
    stream: bytes.readUInt32BE(at + 4),
    type: bytes.readUInt8(at + 8),
    flags: bytes.readUInt8(at + 9),
    data: bytes.subarray(at + headerBytes, end),
  };
}

function tooLarge(length: number): string {
  return `The message of ${length} bytes is too large: at most ${maxDataBytes} bytes fit into a frame`;
}
