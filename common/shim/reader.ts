import { LikerError } from '../errors.ts';
import { maxFrameBytes } from '../sizes.ts';
import { frameHeader, fromShim, type StreamNumber } from './protocol.ts';

export interface FrameHeader {
  readonly type: number;
  readonly stream: StreamNumber;
  readonly process: number;
}

export interface FrameReaderHandler {
  /** Bytes of a stream, in pieces as they arrive. Copy what you keep: they are part of the pushed chunk. */
  data(header: FrameHeader, offset: bigint, bytes: Buffer): void;
  /** Any other frame, complete. Copy what you keep. */
  frame(header: FrameHeader, payload: Buffer): void;
}

interface Passing {
  readonly header: FrameHeader;
  offset: bigint;
  left: number;
}

/**
 * Splits the shim's byte stream into frames. The bytes of data frames are passed on as they arrive, so that a large frame is
 * neither collected nor copied. After push, the caller may reuse the chunk's buffer.
 */
export class FrameReader {
  readonly #handler: FrameReaderHandler;
  #held: Buffer = Buffer.alloc(0);
  /** The data frame whose bytes are arriving. */
  #passing: Passing | null = null;

  constructor(handler: FrameReaderHandler) {
    this.#handler = handler;
  }

  push(chunk: Buffer): void {
    let bytes = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk;
    while (bytes.length > 0) {
      const rest = this.#passing ? this.#pass(this.#passing, bytes) : this.#next(bytes);
      if (rest === null) break;
      bytes = rest;
    }
    // A copy: the chunk's buffer may be reused.
    this.#held = Buffer.from(bytes);
  }

  #pass(passing: Passing, bytes: Buffer): Buffer {
    const piece = bytes.subarray(0, passing.left);
    const offset = passing.offset;
    passing.left -= piece.length;
    passing.offset += BigInt(piece.length);
    if (passing.left === 0) this.#passing = null;
    this.#handler.data(passing.header, offset, piece);
    return bytes.subarray(piece.length);
  }

  /** Reads one frame, or the beginning of a data frame; null when more bytes are needed. */
  #next(bytes: Buffer): Buffer | null {
    if (bytes.length < frameHeader) return null;
    const length = bytes.readUInt32LE(0);
    if (length < frameHeader - 4 || length > maxFrameBytes) {
      throw new LikerError('SHIM_LOST', `The shim sent a frame of ${length} bytes`);
    }
    const header = {
      type: bytes.readUInt8(4),
      stream: bytes.readUInt8(5) as StreamNumber,
      process: bytes.readUInt32LE(8),
    };
    if (header.type === fromShim.data) {
      if (bytes.length < frameHeader + 8) return null;
      const left = length + 4 - frameHeader - 8;
      if (left > 0) this.#passing = { header, offset: bytes.readBigUInt64LE(frameHeader), left };
      return bytes.subarray(frameHeader + 8);
    }
    if (bytes.length < length + 4) return null;
    this.#handler.frame(header, bytes.subarray(frameHeader, length + 4));
    return bytes.subarray(length + 4);
  }
}
