import { isUtf8 } from 'node:buffer';
import protobuf from 'protobufjs/minimal.js';

/**
 * Reads a message and refuses what protobufjs silently changes: text that is cut short or not UTF-8, and numbers
 * that become 2^64, which means "no limit", but are not 2^64 - 1. Throws RangeError.
 */
export class StrictReader extends protobuf.BufferReader {
  override string(): string {
    const length = this.uint32();
    const end = this.pos + length;
    if (end > this.len) throw new RangeError(`a text of ${length} bytes is cut short`);
    const text = this.buf.subarray(this.pos, end) as Buffer;
    if (!isUtf8(text)) throw new RangeError('a text is not UTF-8');
    this.pos = end;
    return text.toString();
  }

  override uint64(): protobuf.Long {
    const { high, low } = super.uint64() as protobuf.Long;
    if (high >>> 0 === 0xffff_ffff && low >>> 0 !== 0xffff_ffff) {
      throw new RangeError('a number is greater than 2^53 - 1 and not 2^64 - 1');
    }
    return { high, low, unsigned: true };
  }
}
