import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const top = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'liker-launcher-'));
const node = join(folder, 'node_modules', `node-linux-${process.arch}`, 'bin/node');
const likerctl = join(folder, 'native/build/likerctl');

after(() => rmSync(folder, { recursive: true }));

mkdirSync(join(likerctl, '..'), { recursive: true });
copyFileSync(join(top, 'native/build/likerctl'), likerctl);

function run(program: string, ...args: string[]) {
  const env = { ...process.env, NODE_OPTIONS: '--no-such-option', NODE_EXTRA_CA_CERTS: '/none' };
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env });
  return { status, stdout, stderr };
}

test('without a build or npm packages likerctl says what to run', () => {
  const ends = (why: string) => ({ status: 125, stdout: '', stderr: `likerctl: ${why}\n` });
  assert.deepEqual(run(likerctl, 'ps'), ends(`Cannot find ${folder}/dist: run 'npm run build' there`));
  mkdirSync(join(folder, 'dist'));
  writeFileSync(join(folder, 'dist/boot.cjs'), '');
  const noNode = `Cannot find the project's Node.js in ${folder}/node_modules: run 'npm ci' there`;
  assert.deepEqual(run(likerctl, 'ps'), ends(noNode));
});

test('it finds the rest by its own path, and hands on its arguments as they are', () => {
  mkdirSync(join(node, '..'), { recursive: true });
  symlinkSync(process.execPath, node);
  const script =
    'console.log(JSON.stringify([process.argv.slice(1), process.execArgv, process.env.NODE_OPTIONS]))';
  writeFileSync(join(folder, 'dist/boot.cjs'), script);
  const link = join(folder, 'link');
  symlinkSync(likerctl, link);
  const { stdout, stderr } = run(link, 'rm', '', '--env-file', 'a  b', '-x');
  assert.equal(stderr, '');
  const [argv, flags, options] = JSON.parse(stdout);
  assert.deepEqual(argv, [join(folder, 'dist/boot.cjs'), 'rm', '', '--env-file', 'a  b', '-x']);
  assert.ok(flags.includes('--use-openssl-ca'), stdout);
  assert.equal(options, null);
});
