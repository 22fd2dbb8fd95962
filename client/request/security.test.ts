import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LikerError } from '../../common/errors.ts';
import { maxSeccompProfileBytes } from '../../common/sizes.ts';
import { parseLandlock } from './landlock.ts';
import { parseNoNewPrivileges, parseSecurityOptions } from './security.ts';

const folder = mkdtempSync(join(tmpdir(), 'lk-security-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(text: string | Buffer, name = 'profile.json'): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function refuses(act: () => unknown, pattern: RegExp): void {
  assert.throws(
    act,
    (error) => error instanceof LikerError && error.reason === 'BAD_ARGUMENT' && pattern.test(error.message),
  );
}

const nothing = {
  seccompUnconfined: false,
  seccompProfile: '',
  apparmorProfile: '',
  selinuxLabel: [],
  maskPaths: [],
  unmaskPaths: [],
  procOptions: [],
};

test('every option sets its fields; those that say what Liker does anyway set none', () => {
  const profile = fileOf('{"defaultAction": "SCMP_ACT_ALLOW"}\n');
  for (const [items, fields] of [
    [[], {}],
    [['seccomp=unconfined'], { seccompUnconfined: true }],
    [['seccomp=unconfined', 'seccomp=builtin'], {}],
    [[`seccomp=${profile}`], { seccompProfile: '{"defaultAction": "SCMP_ACT_ALLOW"}\n' }],
    [[`seccomp:${profile}`], { seccompProfile: '{"defaultAction": "SCMP_ACT_ALLOW"}\n' }],
    [['apparmor=web'], { apparmorProfile: 'web' }],
    [['apparmor=web', 'apparmor=unconfined'], {}],
    [['label=type:web_t', 'label=level:s0:c1,c2'], { selinuxLabel: ['type:web_t', 'level:s0:c1,c2'] }],
    [['label=type:web_t', 'label:disable'], {}],
    [['systempaths=unconfined'], { unmaskPaths: ['ALL'] }],
    [
      ['mask=/a:/b', 'mask=/c', 'unmask=/proc/*:/sys/x'],
      { maskPaths: ['/a', '/b', '/c'], unmaskPaths: ['/proc/*', '/sys/x'] },
    ],
    [['proc-opts=hidepid=2,gid=7'], { procOptions: ['hidepid=2', 'gid=7'] }],
    [['writable-cgroups=false', 'no-new-privileges'], {}],
  ] as const)
    assert.deepEqual(parseSecurityOptions(items), { ...nothing, ...fields }, items.join(' '));
});

test('the last no-new-privileges counts', () => {
  for (const [items, expected] of [
    [[], false],
    [['no-new-privileges'], true],
    [['no-new-privileges:true'], true],
    [['no-new-privileges', 'no-new-privileges=false'], false],
    // Its file is not read here: it may be a pipe.
    [['seccomp=/nowhere', 'no-new-privileges=true'], true],
  ] as const)
    assert.equal(parseNoNewPrivileges(items), expected, items.join(' '));
  refuses(
    () => parseNoNewPrivileges(['no-new-privileges=yes']),
    /no-new-privileges=yes': write true or false/,
  );
});

test('what is no option says which there are', () => {
  for (const item of ['x', 'secomp=unconfined', '', '=x', 'constructor=x'])
    refuses(
      () => parseSecurityOptions([item]),
      /^Invalid --security-opt '.*': use seccomp=…, no-new-privileges=…/,
    );
  for (const item of ['seccomp', 'seccomp=', 'mask', 'label='])
    refuses(
      () => parseSecurityOptions([item]),
      new RegExp(`^Invalid --security-opt '${item}': write ${item.replace('=', '')}=`),
    );
  refuses(() => parseSecurityOptions(['systempaths=all']), /write systempaths=unconfined/);
  refuses(
    () => parseSecurityOptions(['writable-cgroups=true']),
    /control groups are read-only; use --privileged/,
  );
});

test('a profile is a file of limited size, in UTF-8, and may be a pipe', () => {
  const cannot = (why: string) => new RegExp(`^Cannot read the seccomp profile '.*': ${why}`);
  const read = (path: string) => parseSecurityOptions([`seccomp=${path}`]).seccompProfile;
  refuses(() => read(join(folder, 'none')), cannot('ENOENT: there is no such file'));
  refuses(() => read(folder), cannot('EISDIR: it is a directory'));
  refuses(() => read(fileOf(' \n')), cannot('it is empty'));
  refuses(() => read('/dev/zero'), cannot('a profile has at most 256 KiB'));
  refuses(() => read(fileOf(Buffer.from([0x7b, 0xff]))), /line 1 is not UTF-8/);
  assert.equal(read(fileOf('x'.repeat(maxSeccompProfileBytes))).length, maxSeccompProfileBytes);
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  spawn('sh', ['-c', 'echo "{}" >"$1"', 'sh', fifo], { stdio: 'ignore' });
  assert.equal(read(fifo), '{}\n');
});

test('--landlock collects paths and ports', () => {
  assert.equal(parseLandlock([]), null);
  assert.deepEqual(parseLandlock(['ro=/usr,rw=/data/,connect=443', 'connect=80,bind=none,best-effort']), {
    paths: [
      { path: '/usr', writable: false },
      { path: '/data', writable: true },
    ],
    connect: { ports: [443, 80] },
    bind: { ports: [] },
    bestEffort: true,
  });
  assert.deepEqual(parseLandlock(['"ro=/a,b"']), {
    paths: [{ path: '/a,b', writable: false }],
    bestEffort: false,
  });
  assert.deepEqual(parseLandlock(['ro=/'])?.paths, [{ path: '/', writable: false }]);
  refuses(() => parseLandlock(['ro=usr']), /Invalid --landlock 'ro=usr': ro= needs an absolute path/);
  refuses(() => parseLandlock(['connect=https']), /connect= needs the number of a port, or none/);
  refuses(() => parseLandlock(['rx=/usr']), /'rx=\/usr' is not known; use ro=\/PATH/);
  refuses(() => parseLandlock(['"ro=/usr']), /Invalid --landlock '"ro=\/usr': a quote is not closed/);
});
