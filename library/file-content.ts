import { LikerError } from '../common/errors.ts';
import { Source } from '../common/tar-reader.ts';

const blockBytes = 512;
const holeBytes = 64 * 1024;

/**
 * The bytes of the one file of an archive that likerd has made: pax, with GNU.sparse 1.0 for holes. `path` is what errors name. Throws
 * BAD_PATH for what is no file.
 */
export async function* fileContent(
  archive: AsyncGenerator<Uint8Array>,
  path: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const source = new Source(archive);
  let records = new Map<string, string>();
  try {
    for (;;) {
      const header = await source.take(blockBytes);
      const type = header.toString('latin1', 156, 157);
      const size = Number(records.get('size') ?? Number.parseInt(header.toString('latin1', 124, 136), 8));
      if (type === 'x') {
        records = paxRecords(await source.take(size));
        await source.take(-size & (blockBytes - 1));
      } else if (type !== '0') throw new LikerError('BAD_PATH', `Cannot read '${path}': it is no file`);
      else {
        const realSize = records.get('GNU.sparse.realsize');
        if (realSize === undefined) yield* source.pass(size);
        else yield* sparse(source, Number(realSize));
        return;
      }
    }
  } finally {
    // It is not always read to its end.
    await archive.return(undefined);
  }
}

/** LENGTH KEY=VALUE, where the length counts itself. */
function paxRecords(bytes: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length; ) {
    const blank = bytes.indexOf(' ', at);
    const length = Number(bytes.toString('latin1', at, blank));
    const [, key = '', value = ''] =
      /^([^=]*)=(.*)\n$/s.exec(bytes.toString('utf8', blank + 1, at + length)) ?? [];
    records.set(key, value);
    at += length;
  }
  return records;
}

/** A map of OFFSET and LENGTH of each piece comes first, a number a line, and then the pieces. */
async function* sparse(source: Source, size: number): AsyncGenerator<Uint8Array> {
  const lines = mapLines(source);
  const next = async () => Number((await lines.next()).value);
  const pieces: { readonly offset: number; readonly length: number }[] = [];
  for (let left = await next(); left > 0; left--) pieces.push({ offset: await next(), length: await next() });
  let at = 0;
  for (const { offset, length } of pieces) {
    yield* hole(offset - at);
    yield* source.pass(length);
    at = offset + length;
  }
  yield* hole(size - at);
}

/** The map fills whole blocks, of which no more is read than it needs. */
async function* mapLines(source: Source): AsyncGenerator<string, never> {
  for (let rest = ''; ; ) {
    rest += (await source.take(blockBytes)).toString('latin1');
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

function* hole(length: number): Generator<Uint8Array> {
  for (let left = length; left > 0; left -= holeBytes) yield new Uint8Array(Math.min(left, holeBytes));
}
