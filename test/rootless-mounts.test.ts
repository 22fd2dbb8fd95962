// likerd of an ordinary user: images and overlays as mounts, and mounts in containers that run, made without any right on the host.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chownSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { imageArchive } from './harness/image.ts';
import { requiresProgram } from './harness/requires.ts';
import { suite } from './harness/suite.ts';

const needs = requiresProgram('newuidmap', 'newgidmap', 'useradd', 'setpriv');

describe('likerd of an ordinary user', { ...needs, concurrency: 1 }, () => {
  const s = suite({ ordinaryUser: true });

  /** A folder of the user's with a file. */
  function source(name: string): string {
    const folder = s.folder(name);
    const file = join(folder, 'file');
    writeFileSync(file, 'of the user\n');
    chownSync(file, s.user.uid, s.user.gid);
    return folder;
  }

  let loaded: Promise<string> | null = null;

  /** The name of an image with two layers, of which the upper one hides a file of the lower one. */
  function image(): Promise<string> {
    const name = 'local/data:1';
    const layers = [
      { top: 'lower\n', gone: 'x', 'a/f': 'deep\n' },
      { top: 'upper\n', '.wh.gone': '' },
    ];
    const load = async (): Promise<string> => {
      const archive = imageArchive(s.folder('archive'), { name, layers });
      execFileSync('chmod', ['644', archive]);
      await s.ok(['load', '-q', '-i', archive]);
      return name;
    };
    loaded ??= load();
    return loaded;
  }

  for (const userns of ['host', 'keep-id'])
    describe(`--userns ${userns}`, () => {
      const flags = ['--userns', userns];
      const inside = (id: string, script: string) => s.ok(['exec', '-u', '0', id, 'sh', '-c', script]);
      const asRoot = [...flags, '-u', '0'];

      test('an image, all of it or a part, read-only or not', async () => {
        const name = await image();
        const mount = (more: string) => ['--mount', `type=image,src=${name},dst=/img${more}`];
        const all = await s.sh(
          [...asRoot, ...mount('')],
          'cat /img/top; ls /img; touch /img/x 2>&1 | grep -o Read-only',
        );
        assert.equal(all, 'upper\na\ntop\nRead-only');
        const part = await s.sh(
          [...asRoot, ...mount(',image-subpath=a,rw')],
          'cat /img/f; echo new >/img/f; cat /img/f',
        );
        assert.equal(part, 'deep\nnew');
      });

      test('an overlay keeps nothing', async () => {
        const folder = source(`o-${userns}`);
        const out = await s.sh([...asRoot, '-v', `${folder}:/o:O`], 'echo more >>/o/file; cat /o/file');
        assert.equal(out, 'of the user\nmore');
        assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'of the user\n');
      });

      test('mounts in a container that runs', async () => {
        const folder = source(`live-${userns}`);
        const id = await s.detached(flags, ['sleep', '600']);
        await s.ok([
          'mount',
          'add',
          id,
          '-v',
          `${folder}:/b`,
          '-v',
          `${folder}:/o:O`,
          '-v',
          `v-${userns}:/v`,
        ]);
        await s.ok([
          'mount',
          'add',
          id,
          '--tmpfs',
          '/t',
          '--mount',
          `type=image,src=${await image()},dst=/img`,
        ]);
        const script = 'cat /b/file /img/top; echo x >/v/x; echo new >/o/file; cat /o/file; stat -f -c %T /t';
        assert.equal(await inside(id, script), 'of the user\nupper\nnew\ntmpfs');
        assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'of the user\n');
        await s.ok(['mount', 'rm', id, '/b', '/o', '/v', '/t', '/img']);
        assert.equal(await inside(id, 'ls -A /b /o /v /t /img | grep -v : | grep . || true'), '');
        await s.ok(['rm', '-f', id]);
      });
    });
});
