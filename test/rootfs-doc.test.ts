// Runs the blocks of docs/rootfs.md whose tools Debian has, if a mirror can be reached.
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { repository } from './harness/daemon.ts';
import { environment } from './harness/likerctl.ts';
import { requiresMirror, requiresProgram } from './harness/requires.ts';
import { suite } from './harness/suite.ts';

const s = suite();
const work = mkdtempSync(join(tmpdir(), 'lk-rootfs-doc-'));
after(() => rmSync(work, { recursive: true, force: true }));
const doc = readFileSync(join(repository, 'docs/rootfs.md'), 'utf8');
const blocks = [...doc.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);

/** The one block that uses a tool. */
function blockWith(tool: string): string {
  const found = blocks.filter((block) => new RegExp(`^(\\w+=\\$\\()?${tool}`, 'm').test(block));
  assert.equal(found.length, 1, tool);
  return (found[0] ?? '').replace('cd /srv/roots', `cd '${work}'`);
}

/** Runs a block in its own mount namespace, since some tools create mounts. Returns stdout. */
async function run(block: string): Promise<string> {
  const path = `${join(work, 'bin')}:${join(repository, 'bin')}:${process.env['PATH']}`;
  const { stdout } = await promisify(execFile)(
    'unshare',
    ['--mount', '--propagation', 'private', 'sh', '-ec', block],
    { env: environment(s.daemon, { PATH: path }), timeout: 600_000, maxBuffer: 1 << 26 },
  );
  return stdout;
}

describe('docs/rootfs.md', { concurrency: 2 }, () => {
  before(() => {
    // Replaces Docker, whose engine tests do not start: it has one image, with the files of the tests' root.
    mkdirSync(join(work, 'bin'));
    const script = `#!/bin/sh\ncase $1 in create | rm) echo 0123abcd ;; export) exec tar c -C '${s.rootfs}' . ;; esac\n`;
    writeFileSync(join(work, 'bin/docker'), script, { mode: 0o755 });
  });

  test("this machine's programs", { skip: noPerl() }, async () => {
    assert.match(await run(blockWith('likerctl rootfs build')), /\n2\n$/);
  });

  test('mmdebstrap', requiresMirror('mmdebstrap', 'unshare'), async () => {
    assert.match(await run(blockWith('mmdebstrap')), /^12\.\d+\n$/m);
  });

  test('debootstrap', requiresMirror('debootstrap', 'unshare'), async () => {
    assert.match(await run(blockWith('debootstrap')), /^12\.\d+\n$/m);
  });

  test('docker export', async () => {
    assert.match(await run(blockWith('docker create')), /^ID=/m);
  });

  test('umoci', { skip: requiresProgram('umoci').skip }, async () => {
    const umoci = (...args: string[]) => execFileSync('umoci', args, { cwd: work, stdio: 'ignore' });
    umoci('init', '--layout', 'layout');
    umoci('new', '--image', 'layout:alpine');
    umoci('insert', '--image', 'layout:alpine', s.rootfs, '/');
    assert.match(await run(blockWith('umoci')), /^ID=/m);
  });
});

function noPerl(): string | false {
  return spawnSync('dpkg', ['-s', 'perl-base']).status === 0 ? false : 'needs a Debian with perl';
}
