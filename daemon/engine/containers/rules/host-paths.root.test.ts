import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LikerError } from '../../../../common/errors.ts';
import { baseSpec, specOf } from '../../../test/fake-engine.ts';
import type { DirectoryRoot } from '../model/spec.ts';
import { checkDirectory, checkHostPaths } from './host-paths.ts';

/** At creation and at the start alike. */
async function refuses(how: Omit<DirectoryRoot, 'kind'>, why: RegExp): Promise<void> {
  const rootfs = { kind: 'directory', ...how } as const;
  const isIt = (error: unknown): boolean =>
    error instanceof LikerError &&
    error.reason === 'BAD_ROOTFS' &&
    error.field === 'spec.rootfs.directory' &&
    why.test(error.message);
  await assert.rejects(checkHostPaths({ ...baseSpec, rootfs }), isIt, rootfs.directory);
  assert.throws(() => checkDirectory(rootfs), isIt, rootfs.directory);
}

test('the root file system and the sources of bind mounts must exist', async () => {
  await refuses({ directory: '/does/not/exist', mode: 'overlay' }, /it does not exist/);
  await refuses({ directory: '/etc/passwd', mode: 'ro' }, /it is not a directory/);
  const mount = { type: 'bind', source: '/does/not/exist', target: '/x' } as const;
  const withMount = (createSource: boolean) =>
    specOf({ rootfs: { directory: '/' }, mounts: [{ ...mount, createSource }] });
  await assert.rejects(checkHostPaths(withMount(false)), { field: 'spec.mounts[0].source' });
  await checkHostPaths(withMount(true));
});

test("the host's root cannot be the writable root of a container, by whatever path", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lk-root-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const link = join(folder, 'link');
  symlinkSync('/', link);
  for (const directory of ['/', '//', '/.', '/proc/self/root', '/proc/self/root/', link])
    await refuses({ directory, mode: 'rw' }, /host's own root/);
  // A machine may hide it from us.
  await refuses({ directory: '/proc/1/root', mode: 'rw' }, /host's own root|cannot be read/);
  for (const mode of ['ro', 'overlay'] as const)
    await checkHostPaths({ ...baseSpec, rootfs: { kind: 'directory', directory: link, mode } });
  await checkHostPaths({ ...baseSpec, rootfs: { kind: 'directory', directory: folder, mode: 'rw' } });
});

test('nor can a bind mount of it', () => {
  const script = `
    import { checkDirectory } from ${JSON.stringify(join(import.meta.dirname, 'host-paths.ts'))};
    try { checkDirectory({ directory: process.argv[1], mode: 'rw' }); } catch (error) { console.log(error.message); }`;
  const folder = mkdtempSync(join(tmpdir(), 'lk-root-'));
  try {
    const said = execFileSync(
      'unshare',
      ['-m', 'sh', '-c', 'mount --bind / "$0" && exec "$@"', folder].concat([
        process.execPath,
        '--input-type=module',
        '-e',
        script,
        folder,
      ]),
      { encoding: 'utf8' },
    );
    assert.match(said, /host's own root/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
