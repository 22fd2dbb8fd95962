import { frameHeader } from './protocol.ts';

/** The header of a frame that goes before these parts. */
export function encodeHeader(
  type: number,
  stream: number,
  process: number,
  parts: readonly Uint8Array[],
): Buffer {
  let length = frameHeader - 4;
  for (const part of parts) length += part.length;
  const header = Buffer.allocUnsafe(frameHeader);
  header.writeUInt32LE(length, 0);
  header.writeUInt8(type, 4);
  header.writeUInt8(stream, 5);
  header.writeUInt16LE(0, 6);
  header.writeUInt32LE(process, 8);
  return header;
}

export function u32s(...values: number[]): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, index * 4);
  return bytes;
}

export function u64s(...values: bigint[]): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * 8);
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(value, index * 8);
  return bytes;
}

export interface WindowSize {
  readonly columns: number;
  readonly rows: number;
  readonly xPixels: number;
  readonly yPixels: number;
}

/** The payload of a resize. */
export function encodeSize(size: WindowSize): Buffer {
  const payload = Buffer.allocUnsafe(8);
  for (const [index, value] of [size.columns, size.rows, size.xPixels, size.yPixels].entries()) {
    payload.writeUInt16LE(Math.min(value, 0xffff), index * 2);
  }
  return payload;
}
