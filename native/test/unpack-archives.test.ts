// Archives as they are found: large numbers, holes, attributes, missing ends, pieces. And those that are meant to do harm.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { entryBytes, header, type TarEntry, tar, tarTail } from './tar.ts';
import { refusal, tree, unpack } from './unpacked.ts';

const top = mkdtempSync(join(tmpdir(), 'liker-unpack-'));
after(() => rmSync(top, { recursive: true, force: true }));

let count = 0;
const folder = () => join(top, String(count++));
const dir = (name: string): TarEntry => ({ name, type: '5', mode: 0o755 });
const only = (entry: TarEntry) => tree(unpack(folder(), tar(entry)).target).get('f') ?? assert.fail();
const compressed = (program: string, bytes: Buffer) => execFileSync(program, ['-c'], { input: bytes });
const digest = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

describe('owners, modes and times', () => {
  test('of any size: beyond 2^21 in binary, and in pax headers', () => {
    const ids = ({ uid, gid }: { uid: number; gid: number }) => ({ uid, gid });
    const large = { uid: 3_000_000, gid: 4_294_967_294 };
    assert.deepEqual(ids(only({ name: 'f', ...large })), large);
    assert.deepEqual(ids(only({ name: 'f', pax: { uid: '3000000', gid: '4294967294' } })), large);
  });

  test('an id that the kernel takes for none is refused', () => {
    for (const id of ['4294967295', '4294967296', '18446744073709551615'])
      assert.equal(refusal(folder(), tar({ name: 'f', pax: { uid: id } })).error, 'BAD_ARCHIVE');
  });

  test('parts of a second, and times before 1970', () => {
    assert.equal(
      only({ name: 'f', pax: { mtime: '1500000000.123456789' } }).mtimeNs,
      1_500_000_000_123_456_789n,
    );
    assert.equal(only({ name: 'f', pax: { mtime: '-100' } }).mtimeNs, -100_000_000_000n);
    assert.equal(only({ name: 'f', mtime: -100 }).mtimeNs, -100_000_000_000n);
  });

  test('a mode with the type of the file in it is only the mode', () => {
    assert.equal(only({ name: 'f', mode: 0o100_4711 }).mode, 0o4711);
    assert.equal(only({ name: 'f', type: '5', mode: 0o40_1777 }).mode, 0o1777);
    assert.equal(only({ name: 'f', type: '2', target: 'x', mode: 0 }).mode, 0o777);
  });

  test('set-user-ID stays with an owner who is not root', () => {
    const { mode, uid } = only({ name: 'f', mode: 0o6755, uid: 5, gid: 6, data: 'x' });
    assert.deepEqual({ mode, uid }, { mode: 0o6755, uid: 5 });
  });

  test('of a folder are those of its entry, whatever is made in it afterwards', () => {
    const { target } = unpack(
      folder(),
      tar(
        { name: 'd', type: '5', mode: 0o2500, uid: 7, gid: 8, mtime: 5 },
        { name: 'd/f' },
        { name: 'd/e', type: '5', mode: 0o755, mtime: 6 },
        { name: 'd/e/.wh.x' },
        { name: 'd/e/h', type: '1', target: 'd/f' },
      ),
    );
    const facts = [...tree(target)].map(([path, { mode, gid, mtimeNs }]) =>
      [path, mode.toString(8), gid, mtimeNs / 1_000_000_000n].join(' '),
    );
    assert.deepEqual(facts.slice(1), [
      'd 2500 8 5',
      'd/e 755 0 6',
      'd/e/h 644 0 1000000000',
      `d/e/x 0 0 ${facts[4]?.split(' ')[3]}`,
      'd/f 644 0 1000000000',
    ]);
  });

  test('folders that no entry lists have mode 0755 and belong to root, whatever the umask and the group of the place', () => {
    const at = folder();
    mkdirSync(at);
    chownSync(at, 5, 6);
    chmodSync(at, 0o2777);
    const umask = process.umask(0o077);
    try {
      const { target } = unpack(at, tar({ name: 'a/b/f', mode: 0o666 }));
      const facts = [...tree(target)].map(([path, { mode, uid, gid }]) =>
        [path, mode.toString(8), uid, gid].join(' '),
      );
      assert.deepEqual(facts, ['. 755 0 0', 'a 755 0 0', 'a/b 755 0 0', 'a/b/f 666 0 0']);
    } finally {
      process.umask(umask);
    }
  });

  test('of the root are taken from any spelling', () => {
    for (const name of ['.', './', '/', '//', './.', 'a/..', '..']) {
      const { target } = unpack(folder(), tar({ name, type: '5', mode: 0o1711, uid: 3, gid: 4, mtime: 9 }));
      const { mode, uid, gid, mtimeNs } = tree(target).get('.') ?? assert.fail();
      assert.deepEqual(
        { mode, uid, gid, mtimeNs },
        { mode: 0o1711, uid: 3, gid: 4, mtimeNs: 9_000_000_000n },
      );
    }
  });
});

describe('extended attributes', () => {
  const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');
  const pax = (attributes: Record<string, string | Buffer>) =>
    Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`SCHILY.xattr.${name}`, value]));

  test('capabilities and those of users stay, on files and folders', () => {
    const binary = Buffer.from([0, 10, 61, 255]);
    for (const type of ['0', '5']) {
      const { xattrs } = only({
        name: 'f',
        type,
        uid: 5,
        mode: 0o755,
        pax: pax({ 'user.a': binary, 'user.empty': '' }),
      });
      assert.deepEqual(xattrs, { 'user.a': '0x000a3dff', 'user.empty': '0x' });
    }
    const { xattrs } = only({
      name: 'f',
      uid: 5,
      mode: 0o755,
      data: 'x',
      pax: pax({ 'security.capability': capability }),
    });
    assert.deepEqual(xattrs, { 'security.capability': `0x${capability.toString('hex')}` });
  });

  test('those that tell overlayfs or a security module what to do are left out', () => {
    const attributes = {
      'trusted.overlay.redirect': '/etc',
      'trusted.overlay.opaque': 'y',
      'trusted.overlay.metacopy': '',
      'user.overlay.opaque': 'y',
      'user.overlay.redirect': '/etc',
      'security.selinux': 'system_u:object_r:etc_t:s0',
      'security.ima': 'x',
      'trusted.other': 'x',
    };
    for (const type of ['0', '5'])
      assert.deepEqual(only({ name: 'f', type, pax: pax(attributes) }).xattrs, {});
  });

  test('an attribute that no file can have is refused', () => {
    const { error, message } = refusal(
      folder(),
      tar({ name: 'f', pax: pax({ 'user.a': Buffer.alloc(70_000, 1) }) }),
    );
    assert.equal(error, 'WRITE_FAILED');
    assert.match(message, /^Cannot set the extended attribute user\.a of 'f': .* 70000 bytes$/);
  });
});

describe('files with holes', () => {
  /** Holes at the start, in the middle and at the end. */
  function sparse(): string {
    const at = folder();
    mkdirSync(at);
    const file = join(at, 'f');
    writeFileSync(file, '');
    truncateSync(file, 20_000_000);
    for (const [place, text] of [
      [5_000_000, 'one'],
      [12_345_678, 'two'],
    ] as const)
      execFileSync('dd', [`of=${file}`, 'bs=1', `seek=${place}`, 'conv=notrunc', 'status=none'], {
        input: text,
      });
    return at;
  }

  for (const format of [
    ['--format=gnu'],
    ...['0.0', '0.1', '1.0'].map((version) => ['--format=pax', `--sparse-version=${version}`]),
  ])
    test(`keep them: tar -S ${format.join(' ')}`, () => {
      const at = sparse();
      const archive = execFileSync('tar', ['-cS', ...format, '-C', at, 'f']);
      assert.ok(archive.length < 100_000);
      const { target, layer } = unpack(folder(), archive);
      const { size, blocks } = statSync(join(target, 'f'));
      assert.equal(size, 20_000_000);
      assert.ok(blocks * 512 < 200_000, `${blocks} blocks`);
      assert.ok(layer.diskBytes < 200_000);
      assert.equal(tree(target).get('f')?.digest, tree(at).get('f')?.digest);
      rmSync(at, { recursive: true });
    });

  test('a file larger than the file system takes is TOO_BIG', () => {
    const record = {
      'GNU.sparse.major': '1',
      'GNU.sparse.minor': '0',
      'GNU.sparse.name': 'f',
      'GNU.sparse.realsize': String(2 ** 62),
    };
    const data = Buffer.alloc(512);
    data.write(`1\n${2n ** 62n}\n0\n`);
    assert.equal(refusal(folder(), tar({ name: 'x', pax: record, data })).error, 'TOO_BIG');
  });
});

describe('the end of an archive', () => {
  const file: TarEntry = { name: 'f', data: 'x'.repeat(700) };
  const whole = entryBytes(file);

  test('may lack its zeros, and the padding of the last file', () => {
    for (const archive of [
      whole,
      whole.subarray(0, 512 + 700),
      Buffer.concat([whole, tarTail.subarray(0, 512)]),
    ]) {
      const { layer, target } = unpack(folder(), archive);
      assert.equal(tree(target).get('f')?.size, 700);
      assert.equal(layer.diffId, digest(archive));
      assert.equal(layer.unpacked, archive.length);
    }
  });

  test('is not in the middle of a file, or of a header', () => {
    for (const length of [100, 512, 513, 512 + 699]) {
      const { error } = refusal(folder(), whole.subarray(0, length));
      assert.equal(error, 'BAD_ARCHIVE', `${length} bytes`);
    }
  });

  test('what follows it belongs to the digests, and is not read', () => {
    const archive = Buffer.concat([tar(file), Buffer.alloc(9000, 7), entryBytes({ name: 'after' })]);
    for (const bytes of [archive, gzipSync(archive)]) {
      const { layer, target } = unpack(folder(), bytes);
      assert.deepEqual([...tree(target).keys()], ['.', 'f']);
      assert.deepEqual([layer.digest, layer.diffId], [digest(bytes), digest(archive)]);
    }
  });

  test('an archive without entries, or without bytes, is an empty layer', () => {
    for (const archive of [
      Buffer.alloc(0),
      tarTail,
      Buffer.alloc(10_240),
      gzipSync(Buffer.alloc(0)),
      gzipSync(tarTail),
    ]) {
      const { layer, target } = unpack(folder(), archive);
      assert.equal(layer.entries, 0);
      assert.equal(layer.digest, digest(archive));
      assert.deepEqual([...tree(target).keys()], ['.']);
    }
  });
});

describe('compressed data', () => {
  const [one, two] = [entryBytes({ name: 'a', data: 'x' }), tar({ name: 'b' })];

  test('in several pieces is one archive', () => {
    for (const pieces of [
      [gzipSync(one), gzipSync(two)],
      ...['zstd', 'xz', 'bzip2'].map((program) => [compressed(program, one), compressed(program, two)]),
    ]) {
      const { layer, target } = unpack(folder(), Buffer.concat(pieces));
      assert.deepEqual([...tree(target).keys()], ['.', 'a', 'b'], layer.compression);
      assert.equal(layer.diffId, digest(Buffer.concat([one, two])));
    }
  });

  test('that is cut off or damaged is refused', () => {
    const archive = tar({ name: 'a', data: createHash('sha256').update('x').digest('hex').repeat(500) });
    for (const bytes of [
      gzipSync(archive),
      ...['zstd', 'xz', 'bzip2'].map((program) => compressed(program, archive)),
    ]) {
      const damaged = Buffer.from(bytes);
      damaged.fill(0xaa, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 16);
      assert.equal(refusal(folder(), bytes.subarray(0, -20)).error, 'BAD_ARCHIVE');
      assert.equal(refusal(folder(), damaged).error, 'BAD_ARCHIVE');
    }
  });

  test('is decompressed once: an archive that is compressed twice is none', () => {
    assert.equal(refusal(folder(), gzipSync(gzipSync(two))).error, 'BAD_ARCHIVE');
  });

  test('of another kind, and garbage, are refused', () => {
    for (const bytes of [Buffer.from('PK\x03\x04'), Buffer.alloc(5000, 1), Buffer.from('not an archive')])
      assert.equal(refusal(folder(), bytes).error, 'BAD_ARCHIVE');
    assert.match(refusal(folder(), Buffer.from('not an archive')).message, /it is not a tar archive/);
  });
});

describe('headers', () => {
  test('with a wrong checksum are refused', () => {
    const damaged = tar({ name: 'a' }, { name: 'b' });
    damaged[512 + 3] = 1;
    assert.equal(refusal(folder(), damaged).error, 'BAD_ARCHIVE');
  });

  test('of global pax records and of the old format are read', () => {
    const old = (out: Buffer) => out.fill(0, 257);
    const archive = Buffer.concat([
      entryBytes({
        name: 'pax_global_header',
        type: 'g',
        data: '52 comment=0123456789012345678901234567890123456789\n',
      }),
      header({ name: 'old/', type: '\0', patch: old, mode: 0o755 }, 0),
      entryBytes({ name: 'old/f', type: '\0', patch: old, data: 'x' }),
      entryBytes({ name: 'contiguous', type: '7', data: 'y' }),
      tarTail,
    ]);
    const nodes = tree(unpack(folder(), archive).target);
    assert.deepEqual(
      [...nodes].map(([path, { type }]) => `${path} ${type}`),
      ['. folder', 'contiguous file', 'old folder', 'old/f file'],
    );
  });
});

describe('limits', () => {
  test('of entries count parents that no entry lists', () => {
    const four = tar(dir('a'), { name: 'b/c/d' });
    assert.equal(unpack(folder(), four, '--max-entries', '4').layer.entries, 2);
    for (const archive of [four, tar({ name: 'b/c/d' }, { name: '.wh.x' }), tar({ name: 'b/c/d/.wh.x' })])
      assert.equal(refusal(folder(), archive, '--max-entries', '3').error, 'TOO_BIG');
  });

  test('of bytes stop a bomb before it is unpacked', () => {
    const bomb = gzipSync(tar({ name: 'f', data: Buffer.alloc(64 << 20) }));
    const { error, message } = refusal(folder(), bomb, '--max-bytes', String(1 << 20));
    assert.equal(error, 'TOO_BIG');
    assert.match(message, /more than 1048576 bytes when uncompressed/);
  });

  test('a million entries are unpacked in a bounded time', { timeout: 400_000 }, () => {
    // The sanitizers make each several times as slow, and what they look for is in the first.
    const thousands = process.env['LIKER_UNPACK'] ? 50 : 1000;
    const block = Buffer.concat(
      Array.from({ length: 1000 }, (_, i) =>
        header({ name: `d/f${String(i).padStart(6, '0')}`, type: '1', target: 'd/t' }, 0),
      ),
    );
    const archive = Buffer.concat([
      entryBytes({ name: 'd/t' }),
      ...Array.from({ length: thousands }, () => block),
      tarTail,
    ]);
    const { layer } = unpack(folder(), archive);
    assert.equal(layer.entries, thousands * 1000 + 1);
  });

  test('folders deep in one another, by links, take neither the stack nor the descriptors', {
    timeout: 400_000,
  }, () => {
    const steps = `${'d/'.repeat(1000)}`;
    const entries: TarEntry[] = [{ name: 'l0', type: '2', target: '.' }];
    for (let i = 0; i < 5; i++)
      entries.push(
        { name: 'x', type: '5', mode: 0o755, pax: { path: `l${i}/${steps}` } },
        { name: `l${i + 1}`, type: '2', pax: { linkpath: `l${i}/${steps}` } },
      );
    const { layer } = unpack(
      folder(),
      tar(...entries, { name: 'd' }, { name: 'l0', data: 'the end of the links' }),
    );
    assert.ok(layer.entries > 10);
  });
});
