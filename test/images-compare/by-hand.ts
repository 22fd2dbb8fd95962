import { gzipSync, zstdCompressSync } from 'node:zlib';
import { entryBytes, type TarEntry, tar, tarTail } from '../../native/test/tar.ts';
import type { ByHand } from './layout.ts';

const folder = (name: string, more: Partial<TarEntry> = {}): TarEntry => ({
  name: `${name}/`,
  type: '5',
  mode: 0o755,
  ...more,
});
const file = (name: string, data: string | Buffer = name, more: Partial<TarEntry> = {}): TarEntry => ({
  name,
  data,
  ...more,
});
const link = (name: string, target: string): TarEntry => ({ name, type: '2', target, mode: 0o777 });
const hardLink = (name: string, target: string, more: Partial<TarEntry> = {}): TarEntry => ({
  name,
  type: '1',
  target,
  ...more,
});
const whiteout = (name: string): TarEntry => ({ name, data: '' });

/** Half of the archive, compressed by itself: a compressed layer may be several streams one behind the other. */
const inTwo = (compress: (bytes: Buffer) => Buffer) => (plain: Buffer) =>
  Buffer.concat([compress(plain.subarray(0, 700)), compress(plain.subarray(700))]);

/** A capability set of version 2: cap_net_raw+ep. */
const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');

/** Images with the entries that real tools write, and few engines agree on. */
export const byHand: Readonly<Record<string, ByHand>> = {
  'parents that no entry lists': { layers: [tar(file('a/b/c/f'), folder('a/late', { mode: 0o700 }))] },
  'a root entry ./': {
    layers: [tar({ name: './', type: '5', mode: 0o700, uid: 1234, gid: 1235, mtime: 1 }, file('f'))],
  },
  'a root entry /': { layers: [tar({ name: '/', type: '5', mode: 0o711, uid: 12, mtime: 1 }, file('f'))] },
  'a root entry in the upper layer': {
    layers: [tar(file('f')), tar({ name: '.', type: '5', mode: 0o750, gid: 7, mtime: 2 }, file('g'))],
  },
  'a file that is removed behind it in the same layer': {
    layers: [
      tar(file('f', 'lower'), file('below'), folder('d'), file('d/f')),
      tar(file('f', 'upper'), whiteout('.wh.f'), whiteout('.wh.below'), file('d/g'), whiteout('d/.wh.g')),
    ],
  },
  'a file that is removed before it in the same layer': {
    layers: [
      tar(file('f', 'lower'), file('g')),
      tar(whiteout('.wh.f'), file('f', 'upper'), whiteout('.wh.g')),
    ],
  },
  'an opaque folder': {
    layers: [
      tar(folder('d'), file('d/a'), folder('d/e'), file('d/e/b'), folder('x'), file('x/a')),
      tar(folder('d', { mode: 0o700 }), whiteout('d/.wh..wh..opq'), file('d/c')),
    ],
  },
  'an opaque folder whose mark comes last': {
    layers: [
      tar(folder('d'), file('d/a'), folder('d/e'), file('d/e/b')),
      tar(folder('d'), file('d/c'), folder('d/e'), file('d/e/n'), whiteout('d/.wh..wh..opq')),
    ],
  },
  'whiteouts of a folder, of nothing, and by ./': {
    layers: [
      tar(folder('d'), file('d/a'), file('e'), folder('keep')),
      tar(whiteout('.wh.d'), whiteout('./.wh.e'), folder('keep'), whiteout('keep/.wh.nothing')),
    ],
  },
  'types that change from layer to layer': {
    layers: [
      tar(
        file('a'),
        folder('b'),
        file('b/f'),
        link('c', 'a'),
        folder('d'),
        link('l', 'nowhere'),
        folder('k'),
      ),
      tar(folder('a'), file('a/f'), file('b'), folder('c'), file('d'), file('l'), link('k', 'a')),
    ],
  },
  'a folder that an upper layer lists again': {
    layers: [
      tar(folder('d'), file('d/f'), folder('d/e')),
      tar(folder('d', { mode: 0o1777, uid: 5, gid: 6, mtime: 3 }), file('d/g')),
    ],
  },
  'a link among the parents, in the same layer': {
    layers: [tar(folder('usr'), folder('usr/lib'), link('lib', 'usr/lib'), file('lib/x'), file('usr/lib/y'))],
  },
  'hard links': {
    layers: [
      tar(
        file('a', 'content', { mode: 0o4755, uid: 3 }),
        hardLink('b', 'a', { mode: 0o4755, uid: 3 }),
        folder('d'),
        hardLink('d/c', './a', { mode: 0o4755, uid: 3 }),
        link('s', 'nowhere'),
        hardLink('t', 's'),
      ),
      tar(file('n', 'new'), hardLink('b', 'n')),
    ],
  },
  'a hard link whose entry has another mode': {
    layers: [tar(file('a', 'x', { mode: 0o4755, uid: 3 }), hardLink('b', 'a', { mode: 0o600, uid: 5 }))],
  },
  'a link among the parents, in the layer below': {
    layers: [tar(folder('usr'), folder('usr/lib'), link('lib', 'usr/lib')), tar(file('lib/x'))],
  },
  'parents that only the layer below lists': {
    layers: [tar(folder('d', { mode: 0o700, uid: 9 }), folder('d/e', { mode: 0o711 })), tar(file('d/e/f'))],
  },
  'owners, modes and times': {
    layers: [
      tar(
        file('large', 'x', { uid: 3_000_000, gid: 2_147_483_647 }),
        file('special', 'x', { mode: 0o7711, uid: 1, gid: 2 }),
        folder('sticky', { mode: 0o3777, gid: 8, mtime: 4 }),
        file('fraction', 'x', { pax: { mtime: '1234567890.987654321' } }),
        file('early', 'x', { pax: { mtime: '-86400' } }),
        file('first', 'x', { mtime: 0 }),
        file('late', 'x', { mtime: 6_000_000_000 }),
        file('type in the mode', 'x', { mode: 0o100_640 }),
        { ...link('link', 'first'), uid: 11, gid: 12, mtime: 13 },
        file('none', 'x', { mode: 0 }),
      ),
    ],
  },
  'extended attributes': {
    layers: [
      tar(
        file('f', 'x', { pax: { 'SCHILY.xattr.user.a': 'b', 'SCHILY.xattr.user.empty': '' } }),
        folder('d', { pax: { 'SCHILY.xattr.user.d': Buffer.from([0xff, 1]) } }),
        file('ping', 'x', { mode: 0o755, pax: { 'SCHILY.xattr.security.capability': capability } }),
      ),
      tar(file('f', 'without')),
    ],
  },
  'long and odd names': {
    layers: [
      tar(
        file(`${'l'.repeat(60)}/${'m'.repeat(120)}/n`, 'gnu', { gnu: true }),
        { ...link('to', `../${'t'.repeat(200)}`), gnu: true },
        file('x', 'pax', { pax: { path: `p/${'q'.repeat(200)}/ünï` } }),
        file('new\nline'),
        file(' blank '),
        file('-dash'),
        file('quote\'"\\'),
        file('..dots'),
        file('d/.w'),
      ),
    ],
  },
  'names that are to be cleaned': {
    layers: [tar(folder('./a'), file('./a//b'), file('a/./c'), file('/e'), file('a/x/../y'))],
  },
  'one name twice': {
    layers: [
      tar(
        file('f', 'first', { mode: 0o600 }),
        file('f', 'second', { mode: 0o640 }),
        folder('d', { mode: 0o700 }),
        file('d/f'),
        folder('d', { mode: 0o750 }),
        file('l', 'file'),
        link('l', 'f'),
      ),
    ],
  },
  'devices and pipes': {
    layers: [
      tar(
        folder('dev'),
        { name: 'dev/null', type: '3', mode: 0o666, device: [1, 3] },
        { name: 'dev/loop', type: '4', mode: 0o660, gid: 6, device: [7, 300] },
        { name: 'dev/pipe', type: '6', mode: 0o620 },
      ),
    ],
  },
  'no end': { layers: [tar(folder('d'), file('d/f')).subarray(0, -tarTail.length)], compression: 'none' },
  'no padding at the end': {
    layers: [Buffer.concat([entryBytes(folder('d')), entryBytes(file('d/f', 'short'))]).subarray(0, -507)],
    compression: 'none',
  },
  'an empty layer between others': { layers: [tar(file('a')), tarTail, tar(file('b'))] },
  'a dozen layers': {
    layers: Array.from({ length: 12 }, (_, i) =>
      tar(file('same', `${i}`), file(`f${i}`), whiteout(`.wh.f${i - 2}`)),
    ),
  },
  'gzip in two': { layers: [tar(file('a'), file('b'))], compress: inTwo((bytes) => gzipSync(bytes)) },
  zstd: { layers: [tar(file('a'), file('b'))], compression: 'zstd' },
  'zstd in two': {
    layers: [tar(file('a'), file('b'))],
    compression: 'zstd',
    compress: inTwo((bytes) => zstdCompressSync(bytes)),
  },
};
