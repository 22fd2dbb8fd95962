// Runs the pieces of code in docs/api.md one after another, as a reader would.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { repository } from '../harness/daemon.ts';
import { suite } from '../harness/suite.ts';

const s = suite();
const doc = readFileSync(join(repository, 'docs/api.md'), 'utf8');
const work = mkdtempSync(join(tmpdir(), 'lk-api-doc-'));
after(() => rmSync(work, { recursive: true, force: true }));
const run = promisify(execFile);

/** All pieces in one language as one program, with the test's own paths, and its expected output. */
function programOf(language: string): { readonly source: string; readonly prints: string } {
  const pieces = [...doc.matchAll(/^```(\w*)\n(.*?)^```$/gms)].filter(([, name]) => name === language);
  const text = pieces.map(([, , piece = '']) => piece).join('\n');
  const source = text
    .replaceAll('/run/liker/liker.sock', s.daemon.socket)
    .replaceAll('/var/lib/liker/rootfs', s.rootfs)
    .replaceAll('/usr/share/liker/proto', join(repository, 'proto'));
  return { source, prints: [...text.matchAll(/^(?:#|\/\/)> (.*\n)/gm)].map(([, line]) => line).join('') };
}

/** Why the stubs cannot be generated here, or false. */
function missing(): string | false {
  if (spawnSync('/usr/bin/python3', ['-c', 'import grpc, google.protobuf']).status !== 0)
    return 'needs python3-grpcio';
  if (spawnSync('protoc', ['--version']).status !== 0) return 'needs protobuf-compiler';
  return existsSync('/usr/bin/grpc_python_plugin') ? false : 'needs protobuf-compiler-grpc';
}

const patience = { cwd: work, timeout: 120_000 };

test('Python: stubs by what Debian has, and what each piece prints', { skip: missing() }, async () => {
  const stubs = await run('sh', ['-ec', programOf('sh').source], patience);
  assert.equal(stubs.stderr, '');
  const { source, prints } = programOf('python');
  writeFileSync(join(work, 'doc.py'), source);
  const { stdout } = await run('/usr/bin/python3', ['doc.py'], patience);
  assert.equal(stdout, prints);
});

test('TypeScript: what each piece prints', async () => {
  const { source, prints } = programOf('ts');
  writeFileSync(join(work, 'doc.mts'), source);
  symlinkSync(join(repository, 'node_modules'), join(work, 'node_modules'));
  const { stdout } = await run(process.execPath, ['--no-warnings', 'doc.mts'], patience);
  assert.equal(stdout, prints);
});
