// A container shapes what likerd reads of it: it may be huge, or never answer. Neither holds up likerd.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Containers } from './harness/containers.ts';
import { childrenOf, isAlive } from './harness/proc.ts';
import { suite } from './harness/suite.ts';
import { until, within } from './harness/until.ts';

const s = suite({ helpers: ['arguments', 'silent'] });
const containers = new Containers(s);
const noFuse = !existsSync('/dev/fuse') && 'no FUSE on this machine';
const withFuse = ['--device', '/dev/fuse', '--cap-add', 'SYS_ADMIN', '--security-opt', 'seccomp=unconfined'];

interface Top {
  readonly processes: readonly {
    readonly name: string;
    readonly args: readonly string[];
    readonly pid: number;
  }[];
  readonly total: number;
}

const top = (container: string): Promise<Top> =>
  s.api.call<Top>((done) => s.api.containers.GetTop({ container }, done as never));
const ping = () => s.api.call((done) => s.api.system.GetInfo({}, done as never));
const printed = (container: string, text: string) =>
  until(`'${text}'`, async () => (await s.ok(['logs', container])).includes(text));

/** The most memory that likerd has had, in bytes. */
function peak(): number {
  const status = readFileSync(`/proc/${s.daemon.pid}/status`, 'latin1');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

describe('top', () => {
  test('a command line of 400 MiB is cut, and likerd answers meanwhile', async () => {
    const id = await s.detached([], ['arguments', '400']);
    await printed(id, 'ready');
    const before = peak();
    const [{ processes, total }] = await within('top and a ping', Promise.all([top(id), ping()]));
    const found = processes.find(({ name }) => name === 'arguments');
    assert.equal(Buffer.byteLength(found?.args.join(' ') ?? ''), 4095, 'the first page of it');
    assert.equal(total, processes.length);
    assert.ok(peak() - before < 64e6, `likerd grew by ${peak() - before} bytes`);
    assert.ok((await s.ok(['top', id])).length < 10_000);
    await containers.remove(id);
  });

  test('a command line whose memory is locked does not hold up likerd; rm -f frees all', {
    skip: noFuse,
  }, async () => {
    const script =
      'echo x >/f; silent /f open & until grep -q " /f " /proc/mounts; do :; done; arguments /f & wait';
    const id = await s.detached(withFuse, ['bash', '-c', script]);
    await until('the two of them', async () => (await s.ok(['logs', id])).split('ready').length === 3);
    const [{ processes }] = await within('top and a ping', Promise.all([top(id), ping()]));
    assert.deepEqual(processes.find(({ name }) => name === 'arguments')?.args, []);
    assert.ok(
      processes.some(({ args }) => args.includes('silent')),
      'those before it are told',
    );
    await until('the end of its reader', () => strangers().length === 1);
    await within('rm -f', containers.remove(id));
    await until('the end of its shim', () => strangers().length === 0);
  });
});

/** Processes of likerd: shims, and what reads for it. */
const strangers = () => childrenOf(s.daemon.pid).filter(isAlive);
