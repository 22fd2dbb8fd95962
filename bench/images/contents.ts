import { createCipheriv } from 'node:crypto';
import { tarEnd, tarHeader, tarPadding } from '../../common/tar.ts';

const mebibyte = 2 ** 20;
const poolBytes = 32 * mebibyte;

/** The tar archive of a layer, piece by piece. */
export type Archive = Iterable<Uint8Array>;

/** `count` files of about `bytes` each, in folders of a hundred. `seed`: other contents, and another folder, for each. */
export function* filesArchive(seed: number, count: number, bytes: number): Archive {
  const random = randomNumbers(seed);
  const pool = contents();
  for (let index = 0; index < count; index++) {
    const folder = `usr/lib/part-${seed}/${Math.floor(index / 100)}`;
    if (index % 100 === 0) yield tarHeader({ kind: 'folder', name: folder, size: 0 });
    const size = Math.round(bytes * (0.5 + random()));
    const begin = Math.floor(random() * (poolBytes - size));
    yield tarHeader({ kind: 'file', name: `${folder}/file-${index}`, size });
    yield pool.subarray(begin, begin + size);
    yield tarPadding(size);
  }
  yield tarEnd();
}

let pool: Buffer | null = null;

/**
 * Bytes that gzip halves, as it does programs: short words, of which a few are frequent. Longer than the window of any compressor
 * here, so that parts of it have nothing in common.
 */
function contents(): Buffer {
  if (pool !== null) return pool;
  const random = randomNumbers(0);
  const words = noise(16 * 1024);
  pool = Buffer.alloc(poolBytes);
  for (let at = 0; at < poolBytes; ) {
    const length = 2 + Math.floor(random() * 12);
    const word = Math.floor(random() ** 4 * (words.length - length));
    at += words.copy(pool, at, word, word + length);
  }
  return pool;
}

/** The same in every run. */
function noise(bytes: number): Buffer {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 'liker'), Buffer.alloc(16));
  return cipher.update(Buffer.alloc(bytes));
}

/** From 0 up to 1, the same in every run: https://en.wikipedia.org/wiki/Linear_congruential_generator */
function randomNumbers(seed: number): () => number {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
