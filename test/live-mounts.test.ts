// Mounts that are added to containers that run, and taken away from them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { imageArchive } from './harness/image.ts';
import { suite } from './harness/suite.ts';
import { inBothModes } from './hostile/modes.ts';

const s = suite();
const work = mkdtempSync(join(tmpdir(), 'lk-live-'));
after(() => rmSync(work, { recursive: true }));

/** A folder of the host with a file of uid 33. */
function source(name: string): string {
  const folder = s.folder(name);
  writeFileSync(join(folder, 'file'), 'of the host\n');
  execFileSync('chown', ['33:44', join(folder, 'file')]);
  return folder;
}

const running = (flags: readonly string[]): Promise<string> => s.detached(flags, ['sleep', '600']);
const inside = (id: string, script: string): Promise<string> => s.ok(['exec', id, 'sh', '-c', script]);
const targets = (id: string): Promise<string> => s.ok(['mount', 'ls', '--format', '{{.Target}}', id]);

inBothModes(
  'a folder of the host: seen at once, with the ids of the container, and gone again',
  async ({ flags, userns }) => {
    const folder = source(`bind-${userns}`);
    const id = await running(flags);
    const pid = (await s.inspect(id)).State.Pid;
    assert.equal(await s.ok(['mount', 'add', id, '-v', `${folder}:/new/place`]), '/new/place');
    assert.equal(
      await inside(id, 'cat /new/place/file; stat -c %u:%g /new/place/file; echo x >/new/place/made'),
      'of the host\n33:44',
    );
    assert.equal(readFileSync(join(folder, 'made'), 'utf8'), 'x\n');
    assert.equal(await s.ok(['mount', 'rm', id, '/new/place']), '/new/place');
    assert.equal(await inside(id, 'ls /new/place'), '');
    assert.equal(await targets(id), '');
    assert.equal((await s.inspect(id)).State.Pid, pid);
    await s.ok(['rm', '-f', id]);
  },
);

inBothModes(
  'a mount stays for the next start, and one that was taken away does not come back',
  async ({ flags, userns }) => {
    const folder = source(`stays-${userns}`);
    const id = await running([...flags, '-v', `${folder}:/given`]);
    await s.ok(['mount', 'add', id, '-v', `${folder}:/added:ro`, '--tmpfs', '/scratch:size=1m']);
    await s.ok(['mount', 'rm', id, '/given']);
    const script =
      'ls /given; cat /added/file; touch /added/x 2>&1 | grep -o Read-only; stat -f -c %T /scratch';
    const expected = 'of the host\nRead-only\ntmpfs';
    assert.equal(await inside(id, script), expected);
    await s.ok(['restart', '-t', '0', id]);
    assert.equal(await inside(id, script), expected);
    assert.equal(await targets(id), '/added\n/scratch');
    await s.ok(['rm', '-f', id]);
  },
);

inBothModes('volumes, images, overlays and tmpfs are mounted as at a start', async ({ flags, userns }) => {
  const folder = source(`kinds-${userns}`);
  const image = `local/live:${userns}`;
  const layers = [{ top: 'lower\n', 'a/f': 'deep\n' }, { top: 'upper\n' }];
  await s.ok(['load', '-q', '-i', imageArchive(work, { name: image, layers })]);
  const id = await running(flags);
  await inside(id, 'mkdir /data; echo root >/data/f; chown 5:6 /data/f');
  const volume = `live-${userns}`;
  await s.ok([
    'mount',
    'add',
    id,
    '-v',
    `${volume}:/data`,
    '-v',
    `${volume}2:/data2:ro`,
    '-v',
    `${folder}:/o:O`,
  ]);
  await s.ok(['mount', 'add', id, '--mount', `type=image,src=${image},dst=/img`]);
  await s.ok(['mount', 'add', id, '--mount', `type=image,src=${image},dst=/sub,image-subpath=a,rw`]);
  await s.ok(['mount', 'add', id, '--tmpfs', '/t:size=1m,mode=700']);
  const script = `cat /data/f; stat -c %u:%g /data/f; cat /img/top /sub/f; echo new >/o/file; cat /o/file
    touch /img/x /data2/x 2>&1 | grep -c Read-only; touch /sub/x /t/x; stat -c "%a %u" /t`;
  assert.equal(await inside(id, script), 'root\n5:6\nupper\ndeep\nnew\n2\n700 0');
  assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'of the host\n');
  const refused = await s.likerctl(['rmi', image]);
  assert.match(refused.stderr, /container/);
  for (const target of ['/data', '/data2', '/o', '/img', '/sub', '/t'])
    await s.ok(['mount', 'rm', id, target]);
  assert.equal(
    await inside(id, 'cat /data/f; ls /o /img /sub /t /data2 | grep -v : | grep . || true'),
    'root',
  );
  const overlays = join(s.daemon.root, 'containers', id, 'overlays');
  assert.deepEqual(existsSync(overlays) ? readdirSync(overlays) : [], []);
  await s.ok(['rm', '-f', id]);
  await s.ok(['rmi', image]);
});

inBothModes('what is in use is not unmounted, unless lazily', async ({ flags, userns }) => {
  const folder = source(`busy-${userns}`);
  const id = await running(flags);
  await s.ok(['mount', 'add', id, '-v', `${folder}:/busy`]);
  await s.ok(['exec', '-d', id, 'sh', '-c', 'cd /busy && exec sleep 600']);
  const refused = await s.likerctl(['mount', 'rm', id, '/busy']);
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /Cannot unmount '\/busy' in container '.*': '\/busy' is in use: .* --lazy \(umount2: EBUSY\)/,
  );
  assert.equal(await targets(id), '/busy');
  assert.equal(await inside(id, 'cat /busy/file'), 'of the host');
  await s.ok(['mount', 'rm', '--lazy', id, '/busy']);
  assert.equal(await inside(id, 'ls /busy'), '');
  await s.ok(['rm', '-f', id]);
});

inBothModes('a mount hides no other one, and nothing that is protected', async ({ flags, userns }) => {
  const folder = source(`hides-${userns}`);
  const id = await running([...flags, '-v', `${folder}:/a/b`, '--security-opt', 'mask=/later/secret']);
  for (const [target, words] of [
    ['/a', /something is mounted at '\/a\/b' already/],
    ['/a/b', /is the target of two mounts/],
    ['/dev', /something is mounted at '\/dev/],
    ['/etc', /something is mounted at '\/etc\//],
    ['/proc', /'\/proc\/[a-z]+' is protected in it/],
    ['/later', /'\/later\/secret' is protected in it/],
    ['/', /the root itself/],
  ] as const) {
    const { code, stderr } = await s.likerctl(['mount', 'add', id, '-v', `${folder}:${target}`]);
    assert.deepEqual([code, words.test(stderr)], [1, true], `${target}: ${stderr}`);
  }
  assert.equal(await targets(id), '/a/b');
  const missing = await s.likerctl(['mount', 'rm', id, '/none']);
  assert.match(missing.stderr, /has no mount at '\/none'; 'likerctl mount ls/);
  await s.ok(['rm', '-f', id]);
});

inBothModes('a link in the container leads nowhere but inside', async ({ flags, userns }) => {
  const folder = source(`link-${userns}`);
  const id = await running(flags);
  await inside(id, `ln -s ../../../../${work} /out; ln -s /real /link; mkdir /real`);
  await s.ok(['mount', 'add', id, '-v', `${folder}:/out/x`, '-v', `${folder}:/link`]);
  assert.equal(await inside(id, `cat ${work}/x/file /real/file`), 'of the host\nof the host');
  assert.ok(!existsSync(join(work, 'x')));
  await s.ok(['mount', 'rm', id, '/out/x', '/link']);
  assert.equal(await inside(id, `ls ${work}/x /real | grep -c file || true`), '0');
  await s.ok(['rm', '-f', id]);
});

inBothModes('what is unmounted with a folder is not what a link leads to', async ({ flags, userns }) => {
  const folder = source(`way-${userns}`);
  const id = await running([...flags, '--cap-add', 'SYS_ADMIN']);
  await s.ok(['mount', 'add', id, '-v', `${folder}:/top`, '-v', `${folder}:/other/leaf`]);
  // A mount in /top is hidden by another one over it, where the same path leads to /other/leaf.
  await inside(
    id,
    'mkdir -p /top/way/leaf && mount -t tmpfs t /top/way/leaf && mount -t tmpfs t /top && ln -s /other /top/way',
  );
  await s.ok(['mount', 'rm', id, '/top']);
  assert.equal(await inside(id, 'cat /other/leaf/file'), 'of the host');
  await s.ok(['rm', '-f', id]);
});

inBothModes('all mounts below a folder come along, read-only, and go with it', async ({ flags, userns }) => {
  const folder = source(`tree-${userns}`);
  const below = join(folder, 'below');
  mkdirSync(below);
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', below]);
  try {
    writeFileSync(join(below, 'f'), 'deep\n');
    const id = await running(flags);
    await s.ok(['mount', 'add', id, '-v', `${folder}:/tree:ro`]);
    assert.equal(
      await inside(id, 'cat /tree/below/f; touch /tree/x /tree/below/x 2>&1 | grep -c Read-only'),
      'deep\n2',
    );
    await s.ok(['mount', 'rm', id, '/tree']);
    assert.equal(await inside(id, 'ls /tree; grep -c " /tree" /proc/self/mountinfo || true'), '0');
    await s.ok(['rm', '-f', id]);
  } finally {
    execFileSync('umount', [below]);
  }
});

test('a paused container, and one that does not run', async () => {
  const folder = source('paused');
  const id = await running([]);
  await s.ok(['pause', id]);
  await s.ok(['mount', 'add', id, '-v', `${folder}:/p`]);
  await s.ok(['unpause', id]);
  assert.equal(await inside(id, 'cat /p/file'), 'of the host');
  await s.ok(['kill', id]);
  await s.ok(['mount', 'rm', id, '/p']);
  await s.ok(['mount', 'add', id, '-v', `${folder}:/q`]);
  await s.ok(['start', id]);
  assert.equal(await inside(id, 'ls /p; cat /q/file'), 'of the host');
  const table = await s.ok(['mount', 'ls', id]);
  assert.match(table, /^TYPE +SOURCE +TARGET +OPTIONS\nbind +\S+ +\/q\s*$/);
  await s.ok(['rm', '-f', id]);
});

test('a failed mount leaves the container as it was', async () => {
  const folder = source('failed');
  const id = await running(['--read-only']);
  const refused = await s.likerctl(['mount', 'add', id, '-v', `${folder}:/missing`]);
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /the target does not exist, and the file system that it would be made in is read-only/,
  );
  assert.equal(await targets(id), '');
  await s.ok(['restart', '-t', '0', id]);
  await s.ok(['rm', '-f', id]);
});
