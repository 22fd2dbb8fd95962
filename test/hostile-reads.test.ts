// A container controls the files that likerd reads from it: they may be huge, or never answer. Neither may block likerd.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Containers } from './harness/containers.ts';
import { childrenOf, isAlive, sparesOf } from './harness/proc.ts';
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

/** likerd's peak memory, in bytes. */
function peak(): number {
  const status = readFileSync(`/proc/${s.daemon.pid}/status`, 'latin1');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

describe('top', () => {
  test('a command line of 400 MiB is truncated, and likerd stays responsive', async () => {
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

  test('a command line whose memory is locked does not block likerd; rm -f frees everything', {
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

describe('users', () => {
  const who = 'echo $(id -u) $(id -g) $(id -G) $HOME';

  test('come from the files that the process sees, with all mounts; for run, exec and a terminal', async () => {
    const passwd = join(s.daemon.home, 'passwd');
    writeFileSync(passwd, 'web:x:1500:1501::/home/web:/bin/sh\n');
    const mounted = ['-v', `${passwd}:/etc/passwd:ro`];
    assert.equal(await s.sh([...mounted, '-u', '1500:1500'], who), '1500 1500 1500 /home/web');
    const id = await s.detached([...mounted, '-u', 'web:'], ['sleep', '1000']);
    assert.equal(await s.ok(['exec', id, 'sh', '-c', who]), '1500 1501 1501 /home/web');
    assert.equal(await s.ok(['exec', '-u', ':7', id, 'sh', '-c', who]), '0 7 7 /');
    assert.equal((await s.ok(['exec', '-t', id, 'sh', '-c', 'stat -c %u:%g $(tty)'])).trim(), '1500:5');
    const shared = join(s.daemon.home, 'etc');
    mkdirSync(shared);
    writeFileSync(join(shared, 'passwd'), 'web:x:1600:1601::/:/bin/sh\n');
    assert.equal(await s.sh(['-v', `${shared}:/etc`, '-u', 'web'], 'id -u'), '1600');
    await containers.remove(id);
  });

  test('a container that has removed its group file, or made it larger than 1 MiB, starts again', async () => {
    const script = `[ -e /big ] && exec sleep 1000; [ -e /gone ] && { yes 'g:x:5:' | head -c 2000000 >/etc/group; touch /big; exit; }
      rm /etc/group; touch /gone`;
    const id = await containers.start(['sh', '-c', script]);
    await until('its first end', async () => (await containers.state(id)) === 'EXITED 0');
    await s.ok(['start', id]);
    await until('its second end', async () => (await containers.state(id)) === 'EXITED 0');
    await s.ok(['start', id]);
    assert.equal(await containers.state(id), 'RUNNING');
    assert.equal(await s.ok(['exec', '-u', '1000', id, 'id', '-u']), '1000');
    await containers.remove(id);
  });

  test('a passwd that never answers blocks only execs and probes of its container; rm -f frees everything', {
    skip: noFuse,
  }, async () => {
    const health = [
      '--health-cmd',
      'true',
      '--health-interval',
      '1s',
      '--health-timeout',
      '1s',
      '--health-retries',
      '1',
    ];
    const id = await s.detached([...withFuse, ...health], ['silent', '/etc/passwd']);
    await printed(id, 'ready');
    const exec = s.likerctl(['exec', id, 'true']);
    await until(
      'a probe that was given up',
      async () => (await containers.get(id)).health?.status === 'HEALTH_STATUS_UNHEALTHY',
    );
    assert.equal(await within('another container', s.sh([], 'echo well')), 'well');
    assert.equal(
      (await top(id)).processes.some(({ name }) => name === 'silent'),
      true,
    );
    await within('rm -f', containers.remove(id));
    assert.notEqual((await within('the exec', exec)).code, 0);
    await until('the end of its processes', () => strangers().length === 0);
  });
});

test('a folder given to --device that contains no devices is not walked to its end', async () => {
  const folder = join(s.daemon.home, 'many');
  mkdirSync(folder);
  for (let count = 0; count <= 10_000; count += 1) writeFileSync(join(folder, `f${count}`), '');
  const { code, stderr } = await s.likerctl(['create', '--device', folder, s.rootfs, 'true']);
  assert.equal(code, 125);
  assert.match(stderr, /more than 10000 files; give a folder of devices/);
  const devices = join(s.daemon.home, 'devices');
  mkdirSync(join(devices, 'below'), { recursive: true });
  execFileSync('mknod', [join(devices, 'below/null'), 'c', '1', '3']);
  assert.equal(await s.sh(['--device', `${devices}:/mine`], 'stat -c %t:%T /mine/below/null'), '1:3');
});

/** Child processes of likerd: shims, and processes that read on its behalf. */
const strangers = () => {
  const spares = sparesOf(s.daemon.pid);
  return childrenOf(s.daemon.pid).filter((pid) => isAlive(pid) && !spares.includes(pid));
};
