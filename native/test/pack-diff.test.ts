// liker-pack makes a layer of the upper folder of an overlay. As root, in folders and mounts of its own.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, lutimesSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { packDiff, packRefusal } from './packed.ts';
import { type Node, tree, unpack } from './unpacked.ts';

const top = mkdtempSync(join(tmpdir(), 'liker-diff-'));
after(() => rmSync(top, { recursive: true, force: true }));

let count = 0;
const folder = (): string => {
  const made = join(top, String(count++));
  mkdirSync(made);
  return made;
};

/** Runs a script in the root of an overlay, and returns its upper folder. */
function changedBy(script: string, lower = ''): string {
  const at = folder();
  for (const name of ['lower', 'upper', 'work', 'root']) mkdirSync(join(at, name));
  chmodSync(join(at, 'upper'), 0o755);
  const overlay = 'lowerdir=lower,upperdir=upper,workdir=work,redirect_dir=off,metacopy=off';
  const inside = `set -e; (cd lower; ${lower || ':'}); mount -t overlay overlay -o ${overlay} root; cd root; ${script}`;
  execFileSync('unshare', ['-m', 'sh', '-c', inside], { cwd: at, stdio: 'inherit' });
  return join(at, 'upper');
}

/** What is unpacked from the layer, and what is in the upper folder: without what a layer does not have. */
function both(upper: string): { readonly made: Map<string, Node>; readonly is: Map<string, Node> } {
  const { target } = unpack(folder(), packDiff(upper));
  const without = (nodes: Map<string, Node>) => {
    const result = new Map<string, Node>();
    for (const [path, node] of nodes) {
      const attributes = Object.entries(node.xattrs).filter(
        ([name]) =>
          !/^(trusted|user)\.overlay\.(?!opaque)/.test(name) &&
          name !== 'trusted.secret' &&
          !name.startsWith('security.sel'),
      );
      const isWhiteout = node.type === 'character' && node.device === 0;
      // Overlayfs links its whiteouts together.
      const rest = isWhiteout ? { mtimeNs: 0n, first: path } : path === '.' ? { mtimeNs: 0n } : {};
      result.set(path, { ...node, ...rest, xattrs: Object.fromEntries(attributes) });
    }
    return result;
  };
  return { made: without(tree(target)), is: without(tree(upper)) };
}

function requireSame(upper: string): Map<string, Node> {
  const { made, is } = both(upper);
  assert.deepEqual([...made], [...is]);
  return made;
}

describe('a layer of changes has', () => {
  test('files, folders, links, pipes and devices as they are', () => {
    const made = requireSame(
      changedBy(`
        mkdir -m 1777 d; echo text >d/file; chmod 4751 d/file; ln d/file d/hard; ln -s /nowhere soft
        mkfifo -m 640 pipe; mknod dev c 5 1; mknod block b 7 9; : >empty; chown 3000000:70000 empty
        mkdir -p deep/er/est; touch -h -d '1969-01-02 03:04:05.678901234' deep/er soft
      `),
    );
    assert.equal(made.get('d/hard')?.first, 'd/file');
    assert.equal((made.get('deep/er')?.mtimeNs ?? 0n) % 1_000_000_000n, 678_901_234n - 1_000_000_000n);
  });

  test('names of any bytes and lengths', () => {
    const long = 'n'.repeat(250);
    const path = Array.from({ length: 14 }, () => long).join('/');
    const made = requireSame(
      changedBy(`mkdir -p '${path}'; echo 1 >'${path}/x'; echo >ünï; echo >"$(printf 'a\\nb')"; echo >-f`),
    );
    assert.ok(made.has(`${path}/x`));
    assert.equal(made.size, 19);
  });

  test('names that are not UTF-8', () => {
    const upper = changedBy(`echo >"$(printf 'bad\\377')"; ln "$(printf 'bad\\377')" "$(printf '\\200')"`);
    const { target } = unpack(folder(), packDiff(upper));
    const names = (of: string) =>
      readdirSync(of, 'buffer')
        .map((name) => name.toString('hex'))
        .sort();
    assert.deepEqual(names(target), ['626164ff', '80']);
    assert.deepEqual(names(upper), names(target));
  });

  test('attributes: capabilities, lists of access and those of users, and not those of overlayfs', () => {
    // user::rw-, user:7:r--, group::r--, mask::r--, other::r-- (acl(5), as setfattr takes it)
    const list = '0x0200000001000600ffffffff020004000700000004000400ffffffff10000400ffffffff20000400ffffffff';
    const made = requireSame(
      changedBy(
        `setcap cap_net_raw+ep f; setfattr -n user.a -v 1 f; setfattr -n user.b -v 2 f; setfattr -n trusted.secret -v 1 f
         setfattr -n system.posix_acl_access -v ${list} f; setfattr -n system.posix_acl_default -v ${list} d`,
        'echo >f; mkdir d',
      ),
    );
    const names = (path: string) => Object.keys(made.get(path)?.xattrs ?? {}).sort();
    assert.deepEqual(names('f'), ['security.capability', 'system.posix_acl_access', 'user.a', 'user.b']);
    assert.deepEqual(names('d'), ['system.posix_acl_default']);
  });

  test('what was removed as whiteouts, and folders that were made again as opaque ones', () => {
    const lower = 'mkdir a b c; echo >a/x; echo >b/x; echo >c/x; echo >f; echo >g';
    const upper = changedBy('rm f a/x; rm -r b c; mkdir b; echo >b/new', lower);
    requireSame(upper);
    const names = execFileSync('tar', ['t'], { input: packDiff(upper), encoding: 'utf8' })
      .trim()
      .split('\n');
    assert.deepEqual(names, ['a/', 'a/.wh.x', 'b/', 'b/.wh..wh..opq', 'b/new', '.wh.c', '.wh.f']);
  });

  test('holes, which take no room in it', () => {
    const upper = changedBy(`
      truncate -s 50M all; truncate -s 20M some; for at in 1 70 300 4000; do
        head -c 5000 /dev/urandom | dd of=some bs=5000 seek=$at conv=notrunc status=none; done
      head -c 100000 /dev/urandom >end; truncate -s 1M end
    `);
    requireSame(upper);
    assert.ok(packDiff(upper).length < 200_000);
  });

  test('its root, if that is not as a layer has it anyway', () => {
    const upper = changedBy('chmod 750 .; chown 7:8 .');
    const { mode, uid, gid } = requireSame(upper).get('.') ?? assert.fail();
    assert.deepEqual([mode, uid, gid], [0o750, 7, 8]);
    assert.equal(packDiff(changedBy(':')).length, 1024);
  });

  test('no sockets', async () => {
    const upper = changedBy('echo >f');
    const server = createServer().listen(join(upper, 'socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    const { made } = both(upper);
    server.close();
    assert.deepEqual([...made.keys()], ['.', 'f']);
  });
});

describe('the same tree gives the same archive', () => {
  test('in whatever order its files were made, on whatever file system', () => {
    const names = Array.from({ length: 300 }, (_, at) => `file${at}`);
    const make = (at: string, order: readonly string[]): Buffer => {
      for (const name of order) {
        writeFileSync(join(at, name), name.repeat(1000));
        lutimesSync(join(at, name), 5, 5);
      }
      return packDiff(at);
    };
    const disk = folder();
    chmodSync(disk, 0o755);
    const memory = mkdtempSync('/dev/shm/liker-diff-');
    try {
      chmodSync(memory, 0o755);
      const archive = make(disk, names);
      assert.ok(archive.equals(make(memory, names.toReversed())));
      const lines = (command: string, args: readonly string[], input?: Buffer) =>
        execFileSync(command, args, { ...(input && { input }), encoding: 'utf8' })
          .trim()
          .split('\n');
      const packed = lines('tar', ['t'], archive);
      assert.deepEqual(packed.toSorted(), names.toSorted());
      // Neither file system tells the names in the order of the archive. readdir() of Node.js sorts them.
      for (const at of [disk, memory]) assert.notDeepEqual(lines('ls', ['-U', at]), packed);
    } finally {
      rmSync(memory, { recursive: true });
    }
  });
});

describe('liker-pack refuses', () => {
  const refused = (upper: string) => packRefusal(['diff'], { folder: upper });

  test('a name that means something else in a layer', () => {
    const { error, message } = refused(changedBy('mkdir d; echo >d/.wh.x'));
    assert.equal(error, 'UNSUPPORTED');
    assert.equal(
      message,
      "Cannot write 'd/.wh.x' into the layer: there, names that begin with .wh. stand for files that are removed",
    );
  });

  for (const mark of ['redirect', 'metacopy'])
    test(`a file of which overlayfs has only a reference: ${mark}`, () => {
      const upper = changedBy('mkdir d; echo >f');
      const file = mark === 'redirect' ? 'd' : 'f';
      execFileSync('setfattr', ['-n', `trusted.overlay.${mark}`, '-v', 'x', join(upper, file)]);
      const { error, path, message } = refused(upper);
      assert.deepEqual([error, path], ['UNSUPPORTED', file]);
      assert.match(message, new RegExp(`trusted.overlay.${mark}`));
    });
});

test('marks of an ordinary user are told apart from those of root', () => {
  const upper = changedBy('mkdir d; setfattr -n user.overlay.opaque -v y d');
  const listed = (...options: readonly string[]) =>
    execFileSync('tar', ['t'], { input: packDiff(upper, ...options), encoding: 'utf8' })
      .trim()
      .split('\n');
  assert.deepEqual(listed('--whiteouts', 'user'), ['d/', 'd/.wh..wh..opq']);
  assert.deepEqual(listed(), ['d/']);
});
