const blockBytes = 512;

/** A file or a folder of an archive. The bytes have to be read before the next entry is asked for. */
export interface ReadEntry {
  readonly kind: 'file' | 'folder';
  /** As the archive has it, without a slash at its end. */
  readonly name: string;
  readonly size: number;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** The entries of an archive that `tarHeader` has made, with short names. Throws an Error for anything else. */
export async function* tarEntries(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ReadEntry> {
  const source = new Source(chunks);
  let given: number | null = null;
  for (;;) {
    const header = await source.take(blockBytes);
    if (header.every((byte) => byte === 0)) return;
    const name = textOf(header, 0, 100);
    const type = textOf(header, 156, 1);
    const size = given ?? Number.parseInt(textOf(header, 124, 12), 8);
    given = null;
    if (textOf(header, 257, 5) !== 'ustar' || !Number.isSafeInteger(size))
      throw new Error('it is no tar archive');
    if (type === 'x') given = sizeOf(await source.take(size));
    else if (type !== '0' && type !== '5') throw new Error(`'${name}' is neither a file nor a folder`);
    else {
      const kind = type === '5' ? 'folder' : 'file';
      yield { kind, name: name.replace(/\/$/, ''), size, bytes: source.pass(size) };
    }
    await source.take((blockBytes - (size % blockBytes)) % blockBytes);
  }
}

/** Of a pax header for a file that is too long for the plain one. */
function sizeOf(records: Buffer): number {
  const size = /^\d+ size=(\d+)\n$/.exec(records.toString())?.[1];
  if (size === undefined) throw new Error('it has a pax header for more than a size');
  return Number(size);
}

function textOf(block: Buffer, offset: number, length: number): string {
  return block
    .subarray(offset, offset + length)
    .toString()
    .replace(/[\0 ].*$/s, '');
}

/** Bytes in the portions that are asked for. */
export class Source {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async take(length: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const part of this.pass(length)) parts.push(part);
    return Buffer.concat(parts);
  }

  async *pass(length: number): AsyncGenerator<Uint8Array> {
    for (let left = length; left > 0; ) {
      if (this.#rest.length === 0) {
        const { value, done } = await this.#chunks.next();
        if (done) throw new Error('it breaks off');
        this.#rest = value;
      }
      const part = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(part.length);
      left -= part.length;
      if (part.length > 0) yield part;
    }
  }
}
