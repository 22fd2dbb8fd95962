import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { tarEnd, tarHeader, tarPadding } from './tar.ts';

test('tar reads what is written: files, folders, links, names of every length', () => {
  const folder = mkdtempSync(join(tmpdir(), 'liker-tar-'));
  try {
    const names = [1, 90, 99, 100, 101, 200, 255].map(
      (length) => `d/${'ä'.repeat(length / 2)}${'x'.repeat(length % 2)}`,
    );
    const target = 't'.repeat(150);
    const content = Buffer.from('x'.repeat(700));
    const archive = Buffer.concat([
      tarHeader({ kind: 'folder', name: 'd', size: 0 }),
      ...names.flatMap((name) => [
        tarHeader({ kind: 'file', name, size: content.length, mode: 0o600 }),
        content,
        tarPadding(content.length),
      ]),
      tarHeader({ kind: 'link', name: 'l', size: 0, target }),
      tarEnd(),
    ]);
    execFileSync('tar', ['x', '-C', folder], { input: archive });
    for (const name of names) {
      assert.deepEqual(readFileSync(join(folder, name)), content, name);
      assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
    }
    assert.equal(readlinkSync(join(folder, 'l')), target);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a file of more than 8 GiB has its size in a record', () => {
  const size = 2 ** 40;
  // tar fails at the missing bytes, after it has listed the header.
  const { stdout } = spawnSync('tar', ['tv'], {
    input: tarHeader({ kind: 'file', name: 'big', size }),
    encoding: 'utf8',
  });
  assert.match(stdout, new RegExp(` ${size} .* big`));
});
