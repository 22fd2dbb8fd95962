// App Container images: loaded as any other image, with their limits.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { busyboxFolder } from './harness/image.ts';
import { imageFiles } from './harness/image-store.ts';
import { hasCgroups, requiresProgram } from './harness/requires.ts';
import { suite } from './harness/suite.ts';

const s = suite();

const manifest = {
  acKind: 'ImageManifest',
  acVersion: '0.8.11',
  name: 'example.com/tools',
  labels: [
    { name: 'version', value: '1.0' },
    { name: 'os', value: 'linux' },
    { name: 'arch', value: process.arch === 'x64' ? 'amd64' : 'aarch64' },
  ],
  app: {
    exec: ['/bin/sh', '-c', 'echo $GREETING from $(pwd); cat /file'],
    user: '0',
    group: '0',
    workingDirectory: '/srv',
    environment: [{ name: 'GREETING', value: 'hello' }],
  },
};

function write(name: string, changes: object): string {
  const folder = s.folder(name);
  busyboxFolder(join(folder, 'rootfs'));
  mkdirSync(join(folder, 'rootfs/srv'), { recursive: true });
  writeFileSync(join(folder, 'rootfs/file'), 'content\n');
  writeFileSync(join(folder, 'manifest'), JSON.stringify({ ...manifest, ...changes }));
  return folder;
}

const tar = (folder: string, flag: string, ...names: readonly string[]): Buffer =>
  execFileSync('tar', ['-c', ...(flag === '' ? [] : [flag]), '-C', folder, ...names], { maxBuffer: 1 << 30 });

async function removeAll(): Promise<void> {
  const ids = (await s.ok(['images', '-q', '--no-trunc'])).split('\n').filter(Boolean);
  if (ids.length > 0) await s.ok(['rmi', '-f', ...new Set(ids)]);
  assert.deepEqual(imageFiles(s.daemon.root), []);
}

test('an App Container image of any compression is loaded under its name, with the manifest first or last, and runs', {
  skip: requiresProgram('xz', 'bzip2', 'zstd').skip,
}, async () => {
  const folder = write('forms', {});
  const layers = new Set<string>();
  for (const [flag, ...names] of [
    ['', 'manifest', 'rootfs'],
    ['-z', 'rootfs', 'manifest'],
    ['-J', 'manifest', 'rootfs'],
    ['-j', './rootfs', './manifest'],
    ['--zstd', 'rootfs', 'manifest'],
  ] as const) {
    const said = await s.ok(['load'], { stdin: tar(folder, flag, ...names) });
    assert.equal(said, 'Loaded image: example.com/tools:1.0', flag);
    layers.add(await s.ok(['image', 'inspect', '-f', '{{index .RootFS.Layers 0}}', 'example.com/tools:1.0']));
    assert.equal(await s.ok(['run', '--rm', 'example.com/tools:1.0']), 'hello from /srv\ncontent');
  }
  // The layer is made of the files, and not of the archive.
  assert.equal(layers.size, 1);
  const id = await s.ok(['import', '-c', 'CMD ["cat", "/file"]', '-', 'mine'], {
    stdin: tar(folder, '', 'manifest', 'rootfs'),
  });
  assert.equal(await s.ok(['run', '--rm', id]), 'content');
  assert.equal(await s.ok(['image', 'inspect', '-f', '{{.Id}}', 'mine']), id);
  assert.equal(await s.ok(['load', '-i', folder]), 'Loaded image: example.com/tools:1.0');
  await removeAll();
});

test('isolators are the limits of its containers, unless others are asked for', {
  skip: !hasCgroups && 'needs limits, and an ordinary user has them only with a delegated cgroup',
}, async () => {
  const isolators = [
    { name: 'resource/memory', value: { limit: '64Mi' } },
    { name: 'resource/cpu', value: { limit: '500m' } },
    { name: 'os/linux/capabilities-retain-set', value: { set: ['CAP_CHOWN'] } },
    { name: 'os/linux/no-new-privileges', value: true },
    { name: 'os/linux/seccomp-remove-set', value: { set: ['reboot'] } },
  ];
  const folder = write('limited', { app: { ...manifest.app, isolators } });
  const loaded = await s.likerctl(['load'], { stdin: tar(folder, '', 'manifest', 'rootfs') });
  assert.deepEqual(
    [loaded.code, loaded.stderr],
    [0, 'likerctl: The isolator os/linux/seccomp-remove-set is left out: an image cannot ask for it here\n'],
  );
  const status = ['example.com/tools:1.0', 'grep', '-E', '^(CapBnd|NoNewPrivs):', '/proc/self/status'];
  const limits = '{{.HostConfig.Memory}} {{.HostConfig.CpuQuota}} {{.HostConfig.CpuPeriod}}';
  await s.ok(['run', '--name', 'usual', ...status]);
  assert.equal(await s.ok(['inspect', '-f', limits, 'usual']), '67108864 50000 100000');
  assert.equal(await s.ok(['logs', 'usual']), 'CapBnd:\t0000000000000001\nNoNewPrivs:\t1');
  await s.ok(['run', '--name', 'asked', '-m', '128m', '--cap-add', 'KILL', ...status]);
  assert.equal(await s.ok(['inspect', '-f', limits, 'asked']), '134217728 50000 100000');
  assert.match(await s.ok(['logs', 'asked']), /^CapBnd:\t0000000000000021\n/);
  await s.ok(['rm', 'usual', 'asked']);
  await removeAll();
});

test('what is refused says why, and nothing stays', async () => {
  const folder = write('refused', { dependencies: [{ imageName: 'example.com/base' }] });
  const { code, stderr } = await s.likerctl(['load'], { stdin: tar(folder, '', 'manifest', 'rootfs') });
  assert.deepEqual([code, /together with those of 'example.com\/base'/.test(stderr)], [1, true], stderr);
  rmSync(join(folder, 'rootfs'), { recursive: true });
  writeFileSync(join(folder, 'rootfs'), 'a file');
  writeFileSync(join(folder, 'manifest'), JSON.stringify(manifest));
  const other = await s.likerctl(['load'], { stdin: tar(folder, '', 'manifest', 'rootfs') });
  assert.deepEqual([other.code, /rootfs.* is no folder/.test(other.stderr)], [1, true], other.stderr);
  await removeAll();
});
