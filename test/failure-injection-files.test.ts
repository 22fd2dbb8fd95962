// Failures while files go into a container and out of it: see harness/failing-images.ts. Whatever is not whole at the end is told, and no helper is left.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import type { ExportFilesResponse } from '../proto/gen/types/liker/v1/ExportFilesResponse.ts';
import type { ListChangesResponse } from '../proto/gen/types/liker/v1/ListChangesResponse.ts';
import type { ReadFilesResponse } from '../proto/gen/types/liker/v1/ReadFilesResponse.ts';
import type { WriteFilesResponse } from '../proto/gen/types/liker/v1/WriteFilesResponse.ts';
import type { Api } from './harness/api.ts';
import { failEach, using, type Verb } from './harness/failing-images.ts';
import { Failpoint } from './harness/failpoints.ts';
import { program, startLikerctl } from './harness/likerctl.ts';
import { pids, readProc } from './harness/proc.ts';
import { suite } from './harness/suite.ts';
import { until, within } from './harness/until.ts';

const point = new Failpoint();
/** For the helpers of likerctl. */
const ofClient = new Failpoint();
const s = suite({ env: point.env, args: point.args, preload: point.preload });
after(() => point[Symbol.dispose]());
after(() => ofClient[Symbol.dispose]());
const call = <T>(work: (api: Api) => Promise<T>): Promise<T> => using(s, work);

/** In the container, and in the command lines of the helpers there. */
const [given, taken] = [`/given-${process.pid}`, `/taken-${process.pid}`];
let container = '';
let root = '';
let source = '';
let client = '';
const target = (): string => join(s.daemon.home, 'taken');

async function prepare(): Promise<void> {
  source = join(s.folder('files'), 'source');
  client = join(s.folder('files'), 'likerctl');
  // Its helpers look for the page by its pid.
  const page = ofClient.env['LIKER_FAILPOINT'];
  writeFileSync(client, `#!/bin/sh\nln -sfn ${page} /tmp/liker-failpoint-$$\nexec ${program} "$@"\n`, {
    mode: 0o755,
  });
  // Few files: each try of an export has all of them.
  const folder = s.folder('root');
  cpSync('/bin/busybox', join(s.folder('root/bin'), 'sleep'));
  for (const name of ['passwd', 'group']) writeFileSync(join(s.folder('root/etc'), name), '');
  container = await s.ok(['run', '-d', '--userns', 'host', folder, 'sleep', '100000']);
  root = join('/proc', String((await s.inspect(container)).State.Pid), 'root');
  for (const at of [source, join(root, given)]) makeFiles(at);
  appendFileSync(join(root, 'etc/passwd'), '\n');
  rmSync(join(root, 'etc/group'));
}

/** Of each kind that is copied in its own way. */
function makeFiles(at: string): void {
  mkdirSync(join(at, 'folder/empty'), { recursive: true });
  writeFileSync(join(at, 'folder/small'), 'small');
  linkSync(join(at, 'folder/small'), join(at, 'twin'));
  symlinkSync('folder/small', join(at, 'link'));
  writeFileSync(join(at, 'large'), Buffer.alloc(300_000, 'large'));
  writeFileSync(join(at, 'sparse'), 'begin');
  truncateSync(join(at, 'sparse'), 1_000_000);
  execFileSync('setfattr', ['-n', 'user.kept', '-v', 'value', join(at, 'large')]);
}

function listing(path: string): string {
  const found = execFileSync('find', [path, '-mindepth', '1', '-printf', '%P %y %m %n %l %T@\n'], {
    encoding: 'utf8',
  });
  return found.split('\n').sort().join('\n');
}

async function isWhole(from: string, to: string): Promise<void> {
  assert.equal(listing(to), listing(from));
  execFileSync('diff', ['-r', '--no-dereference', from, to]);
  await nobodyIsLeft();
}

/** A helper that has lost the other one ends a moment later. */
function nobodyIsLeft(): Promise<unknown> {
  const isHelper = (line: string): boolean =>
    /liker-(tree|unpack)-failpoints\0/.test(line) &&
    [given, taken, source].some((path) => line.includes(path));
  return until('the helpers to end', () => {
    const { run } = s.daemon;
    return (
      pids().every((pid) => !isHelper(readProc(pid, 'cmdline'))) &&
      readdirSync(join(run, 'files')).length === 0
    );
  });
}

/** With the helpers of likerctl that are made to fail. Returns what was written to stdout. */
async function likerctl(args: readonly string[], stdin: Buffer | string = ''): Promise<Buffer> {
  const { code, stderr, bytes } = await startLikerctl({ socket: s.daemon.socket, client }, args, {
    env: ofClient.env,
    stdin,
  }).outcome;
  if (code === 0) return bytes;
  throw new Error(stderr.trim().replace(/^likerctl: /, ''));
}

async function readyIn(): Promise<void> {
  rmSync(join(root, taken), { recursive: true, force: true });
  mkdirSync(join(root, taken));
}

async function readyOut(): Promise<void> {
  rmSync(target(), { recursive: true, force: true });
  mkdirSync(target());
}

function unpacked(archive: Buffer): void {
  execFileSync('tar', ['x', '-C', target()], { input: archive });
}

const into = {
  ready: readyIn,
  check: () => isWhole(source, join(root, taken)),
};
const outOf = {
  ready: readyOut,
  check: () => isWhole(join(root, given), target()),
};

const copyIn: Omit<Verb, 'roles'> = {
  ...into,
  name: 'cp into a container',
  act: () => likerctl(['cp', '-q', `${source}/.`, `${container}:${taken}`]),
};
const copyOut: Omit<Verb, 'roles'> = {
  ...outOf,
  name: 'cp out of a container',
  act: () => likerctl(['cp', '-q', `${container}:${given}/.`, target()]),
};

const readFiles: Verb = {
  ...outOf,
  name: 'ReadFiles',
  act: () =>
    call(async ({ files }) => {
      const stream = files.ReadFiles({ container, path: `${given}/.` });
      const frames = await within('files', Array.fromAsync<ReadFilesResponse>(stream));
      unpacked(Buffer.concat(frames.map(({ data }) => data as Buffer)));
    }),
  roles: ['library', 'tree'],
};

const writeFiles: Verb = {
  ...into,
  name: 'WriteFiles',
  act: () =>
    call(async ({ files }) => {
      const data = execFileSync('tar', ['cS', '--xattrs', '--format=pax', '-C', source, '.']);
      const stream = files.WriteFiles();
      for (const frame of [{ start: { container, folder: taken } }, { data }, { end: {} }])
        stream.write(frame);
      stream.end();
      await within('files', Array.fromAsync<WriteFilesResponse>(stream));
    }),
  roles: ['library', 'unpack'],
};

let exported = Buffer.alloc(0);
const exportFiles: Verb = {
  name: 'export',
  ready: readyOut,
  act: () =>
    call(async ({ files }) => {
      const stream = files.ExportFiles({ container });
      const frames = await within('an export', Array.fromAsync<ExportFilesResponse>(stream));
      exported = Buffer.concat(frames.map(({ data }) => data as Buffer));
    }),
  async check() {
    execFileSync('tar', ['x', '-C', target(), '--strip-components=1', given.slice(1)], { input: exported });
    await isWhole(join(root, given), target());
  },
  roles: ['tree'],
};

let changes: readonly string[] = [];
const diff: Verb = {
  name: 'diff',
  ready: readyIn,
  act: () =>
    call(async ({ files }) => {
      const frames = await within(
        'changes',
        Array.fromAsync<ListChangesResponse>(files.ListChanges({ container })),
      );
      changes = frames.flatMap(({ changes: some }) =>
        some.map(({ kind, path }) => `${kind.replace('FILE_CHANGE_KIND_', '')} ${path}`),
      );
    }),
  async check() {
    const wanted = [
      'CHANGED /etc',
      'CHANGED /etc/passwd',
      'DELETED /etc/group',
      `ADDED ${given}`,
      `ADDED ${given}/large`,
    ];
    const pathOf = (change: string) => change.slice(change.indexOf(' '));
    const paths = new Set(wanted.map(pathOf));
    assert.deepEqual(changes.filter((change) => paths.has(pathOf(change))).sort(), wanted.sort());
    await nobodyIsLeft();
  },
  roles: ['tree'],
};

const nothing = async (): Promise<void> => {};
describe('files of a container', { concurrency: 1 }, () => {
  before(prepare);
  describe('in likerd and its helpers', { concurrency: 1 }, () => {
    const verbs = [
      { ...copyIn, roles: ['tree', 'unpack'] as const },
      { ...copyOut, roles: ['tree'] as const },
    ];
    failEach(s, point, [...verbs, readFiles, writeFiles, exportFiles, diff], nothing);
  });
  describe('in the helpers of likerctl', { concurrency: 1 }, () => {
    failEach(
      s,
      ofClient,
      [
        { ...copyIn, roles: ['tree'] },
        { ...copyOut, roles: ['unpack'] },
      ],
      nothing,
    );
  });
});
