import assert from 'node:assert/strict';
import { readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { FakeServer } from '../test/fake-server.ts';
import { likerctl } from '../test/likerctl.ts';
import { writeArchive } from './write-archive.ts';

test('an export that fails leaves what was at its output', async () => {
  await using server = new FakeServer();
  await server.listen({});
  const file = join(server.folder, 'web.tar');
  const device = join(server.folder, 'device');
  writeFileSync(file, 'before');
  symlinkSync('/dev/null', device);
  for (const output of [file, device])
    assert.notEqual((await likerctl(server.socketPath, 'export', '-o', output, 'web')).code, 0);
  assert.equal(readFileSync(file, 'utf8'), 'before');
  assert.equal(readlinkSync(device), '/dev/null');
});

test('an archive may hold secrets: others cannot read its file', async () => {
  await using server = new FakeServer();
  const file = join(server.folder, 'web.tar');
  await writeArchive(file, Readable.from([Buffer.from('bytes')]));
  assert.equal(readFileSync(file, 'utf8'), 'bytes');
  assert.equal(statSync(file).mode & 0o777, 0o600);
});
