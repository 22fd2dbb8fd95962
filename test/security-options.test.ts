// Filters, labels, hidden paths and limits by Landlock: what a program can still do.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { execLabel } from '../daemon/kernel/security/labels.ts';
import { seccompAvailable } from '../daemon/kernel/security/seccomp/filter.ts';
import { landlockVersion } from '../daemon/native/landlock.ts';
import { requires } from './harness/requires.ts';
import { compiled } from './harness/rootfs.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'lk-profiles-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let profiles = 0;
/** The option for a profile. */
function seccomp(profile: object): string[] {
  profiles += 1;
  const file = join(folder, `${profiles}.json`);
  writeFileSync(file, JSON.stringify(profile));
  return ['--security-opt', `seccomp=${file}`];
}

const refuse = (names: readonly string[], errnoRet: number, more: object = {}) => ({
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names, action: 'SCMP_ACT_ERRNO', errnoRet, ...more }],
});
const EROFS = 30;
/** Refuses chmod, whichever call a libc makes. */
const noChmod = refuse(['chmod', 'fchmodat', 'fchmodat2'], EROFS);
const tryChmod = ['sh', '-c', 'touch /tmp/file; chmod 600 /tmp/file 2>&1; grep ^Seccomp: /proc/self/status'];
const refusedChmod = /Read-only file system\nSeccomp:\t2\n?$/;

const opt = (...options: string[]): string[] => options.flatMap((option) => ['--security-opt', option]);

for (const userns of ['auto', 'host'])
  describe(`--userns-default ${userns}`, { concurrency: 1 }, () => securityOptions(userns));

function securityOptions(userns: string): void {
  const s = suite({ helpers: ['asker', 'caller'], args: ['--userns-default', userns] });

  describe('a seccomp profile', requires('seccomp filters and libseccomp', seccompAvailable()), () => {
    test('holds for the main process, for execs and for health probes, with and without an init', async () => {
      for (const flags of [[], ['--init=false'], opt('no-new-privileges'), ['--user', '1000']])
        assert.match(
          (await s.run([...seccomp(noChmod), ...flags], tryChmod)).stdout,
          refusedChmod,
          flags.join(' '),
        );
      const probe = `${tryChmod[2]}; false`;
      const id = await s.detached(
        [...seccomp(noChmod), '--health-cmd', probe, '--health-interval', '1s'],
        ['sleep', '100000'],
      );
      assert.match(await s.ok(['exec', id, ...tryChmod]), refusedChmod);
      await until('a probe', async () =>
        refusedChmod.test(await s.ok(['inspect', '-f', '{{range .State.Health.Log}}{{.Output}}{{end}}', id])),
      );
      // As in Docker.
      assert.match(await s.ok(['exec', '--privileged', id, ...tryChmod]), /^Seccomp:\t0$/);
      await s.ok(['rm', '-f', id]);
    });

    test('decides by arguments and by capabilities', async () => {
      const only = refuse(['personality'], 22, { args: [{ index: 0, value: 8, op: 'SCMP_CMP_EQ' }] });
      const asked = ['caller', 'personality,8', 'personality,0'];
      assert.equal((await s.run(seccomp(only), asked)).stdout, 'EINVAL\n0\n');
      const conditional = refuse(['sync'], 61, { excludes: { caps: ['CAP_SYS_NICE'] } });
      assert.equal((await s.run(seccomp(conditional), ['caller', 'sync'])).stdout, 'ENODATA\n');
      assert.equal(
        (await s.run([...seccomp(conditional), '--cap-add', 'SYS_NICE'], ['caller', 'sync'])).stdout,
        '0\n',
      );
    });

    test('can kill, and have flags of the kernel', async () => {
      const rule = { names: ['sync'], action: 'SCMP_ACT_KILL_PROCESS' };
      const flags = [
        'SECCOMP_FILTER_FLAG_LOG',
        'SECCOMP_FILTER_FLAG_SPEC_ALLOW',
        'SECCOMP_FILTER_FLAG_TSYNC',
      ];
      const profile = { defaultAction: 'SCMP_ACT_ALLOW', flags, syscalls: [rule] };
      const sigsys = 31;
      for (const init of ['--init', '--init=false'])
        assert.equal((await s.run([...seccomp(profile), init], ['caller', 'sync'])).code, 128 + sigsys, init);
    });

    test('of Docker allows what the built-in one allows', async () => {
      assert.match((await s.run(opt('seccomp=builtin'), tryChmod)).stdout, /^Seccomp:\t2\n$/);
      assert.equal((await s.run(opt('seccomp=builtin'), ['caller', 'socket,38,5,0'])).stdout, 'EPERM\n');
    });

    test('is kept with the container, also over a restart of likerd, and shown by inspect', async () => {
      const flags = seccomp(noChmod);
      const id = (await s.ok(['create', ...flags, s.rootfs, ...tryChmod])).trim();
      rmSync(flags[1]?.split('=')[1] ?? '');
      await s.daemon.stop();
      await s.daemon.start();
      assert.match((await s.likerctl(['start', '-a', id])).stdout, refusedChmod);
      assert.equal(
        (await s.ok(['inspect', '-f', '{{json .HostConfig.SecurityOpt}}', id])).trim(),
        JSON.stringify([`seccomp=${JSON.stringify(noChmod)}`]),
      );
      await s.ok(['rm', id]);
    });

    test('that cannot be used is refused by create, with its place', async () => {
      for (const [profile, why] of [
        [
          { defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 0 },
          /defaultErrnoRet: with 0 a call would do nothing/,
        ],
        [{ defaultAction: 'SCMP_ACT_ALLOW', listenerPath: '/run/x' }, /listenerPath: it is not supported/],
        [refuse(['chmood'], 1), /syscalls\[0\]\.names\[0\]: there is no system call 'chmood'/],
        [refuse(['execve'], 1), /it refuses execve, without which no program can be started/],
      ] as const) {
        const { code, stderr } = await s.likerctl(['create', ...seccomp(profile), s.rootfs, 'true']);
        assert.equal(code, 125);
        assert.match(stderr, why);
      }
    });
  });

  describe('paths of /proc and /sys', () => {
    const sizes = 'wc -c </proc/keys; ls /sys/firmware | wc -l; touch /proc/sys/kernel/domainname 2>&1';

    test('are hidden or read-only, unless all of them are left open', async () => {
      assert.match(await s.sh([], `${sizes}; true`), /^0\n0\n.*(Read-only file system|Permission denied)$/);
      const firmware = readdirSync('/sys/firmware').length;
      const shown = new RegExp(`^\\d+\\n${firmware}(\\n|$)`);
      assert.match(await s.sh(opt('systempaths=unconfined'), `${sizes}; true`), shown);
      const open = await s.sh(opt('systempaths=unconfined'), 'grep -c " /proc/" /proc/self/mountinfo; true');
      assert.equal(open, '0');
    });

    test('are hidden and left open one by one', async () => {
      const flags = [
        ...opt('mask=/etc/hosts:/usr/share', 'unmask=/proc/sys:/proc/k*'),
        '--cap-add',
        'NET_ADMIN',
      ];
      const out = await s
        .sh(
          flags,
          'wc -c </etc/hosts; ls /usr/share | wc -l; (echo 1 >/proc/sys/net/ipv4/conf/lo/rp_filter) 2>/dev/null && echo written; (echo >/etc/hosts) 2>/dev/null; wc -c </etc/hosts',
        )
        .catch((error: Error) => assert.fail(error.message));
      assert.equal(out, '0\n0\nwritten\n0');
    });

    test('inspect shows what is hidden', async () => {
      const id = (
        await s.ok(['create', ...opt('mask=/etc/hosts', 'unmask=/proc/keys'), s.rootfs, 'true'])
      ).trim();
      const [masked = '', readOnly = ''] = (
        await s.ok([
          'inspect',
          '-f',
          '{{json .HostConfig.MaskedPaths}} {{json .HostConfig.ReadonlyPaths}}',
          id,
        ])
      ).split(' ');
      assert.ok(JSON.parse(masked).includes('/etc/hosts') && JSON.parse(masked).includes('/proc/kcore'));
      assert.ok(!JSON.parse(masked).includes('/proc/keys'));
      assert.ok(JSON.parse(readOnly).includes('/proc/sys'));
      await s.ok(['rm', id]);
    });
  });

  describe('hidepid', () => {
    const names = 'for process in /proc/[0-9]*; do cat $process/comm; done 2>/dev/null';
    const all = 'liker-init sh sleep';
    const processes = async (id: string, user: string, flags: readonly string[] = []) =>
      (await s.ok(['exec', '--user', user, ...flags, id, 'sh', '-c', names])).split('\n').sort().join(' ');

    test('hides the processes of others, also from root, unless it may trace them', async () => {
      const id = await s.detached([...opt('proc-opts=hidepid=2'), '--user', '7'], ['sleep', '100000']);
      const seen = (user: string, ...flags: string[]) => processes(id, user, flags);
      assert.equal(await seen('7'), all);
      assert.equal(
        await seen('1000'),
        'sh',
        'its group is 0, as that of all users without a line in /etc/passwd',
      );
      assert.equal(await seen('0'), 'sh');
      assert.equal(await seen('0', '--privileged'), all);
      await s.ok(['rm', '-f', id]);
    });

    test('hides the processes of the host, if those are shared', async () => {
      const flags = [...opt('proc-opts=hidepid=2'), '--pid', 'host'];
      const out = await s.run([...flags, '--user', '1000'], ['sh', '-c', names]);
      assert.equal(out.stdout, 'sh\n', out.stderr);
    });

    test('spares the group that is named, and the rest of procfs can be left out', async () => {
      const id = await s.detached(opt('proc-opts=hidepid=invisible,gid=7', 'proc-opts=subset=pid'), [
        'sleep',
        '100000',
      ]);
      const seen = (user: string) => processes(id, user);
      assert.equal(await seen('1000:7'), all);
      assert.equal(await seen('1000:8'), 'sh');
      assert.equal(
        await s.ok(['exec', id, 'sh', '-c', 'ls -d /proc/sys /proc/meminfo 2>/dev/null; true']),
        '',
      );
      await s.ok(['rm', '-f', id]);
    });
  });

  describe('landlock', requires('Landlock version 5 (Linux 6.10)', landlockVersion() >= 5), () => {
    const attempts = [
      'echo x >/data/new && echo made',
      'echo x >>/usr/seen 2>/dev/null || echo kept',
      'truncate -s 0 /usr/seen 2>/dev/null || echo whole',
      'cat /etc/hosts >/dev/null 2>&1 || echo unseen',
      'ls / >/dev/null 2>&1 || echo unlisted',
      'mv /data/new /data/moved && mkdir /data/sub && mv /data/moved /data/sub/new && rm -r /data/sub && echo moved',
      'echo out >/dev/stdout; echo gone >/dev/null && test ! -e /dev/new && ! touch /dev/new 2>/dev/null && echo devices',
    ].join('; ');
    const expected = 'made\nkept\nwhole\nunseen\nunlisted\nmoved\nout\ndevices';
    const flags = ['--landlock', 'ro=/usr,rw=/data', '--tmpfs', '/data:mode=1777'];

    test('leaves only the files that are named, whoever the user is', async () => {
      const withFile = (extra: readonly string[]) =>
        s.run([...flags, '-v', `${folder}/seen:/usr/seen`, ...extra], ['bash', '-c', attempts]);
      writeFileSync(join(folder, 'seen'), 'seen', { mode: 0o666 });
      for (const extra of [
        [],
        ['--init=false'],
        ['--user', '1000'],
        ['--privileged'],
        opt('no-new-privileges'),
        opt('seccomp=unconfined'),
      ]) {
        const { stdout, stderr } = await withFile(extra);
        assert.equal(stdout.trim(), expected, `${extra.join(' ')} ${stderr}`);
      }
    });

    test('holds for execs and probes, also for privileged ones, which may have more limits but not fewer', async () => {
      const id = await s.detached(
        [...flags, '--health-cmd', 'cat /etc/hosts; echo x >/data/probed; false', '--health-interval', '1s'],
        ['sleep', '100000'],
      );
      const read = 'cat /etc/hosts 2>&1; (echo x >/data/a) 2>/dev/null && echo made || echo kept';
      const denied = 'cat: /etc/hosts: Permission denied\n';
      const exec = (...args: string[]) => s.likerctl(['exec', ...args, id, 'sh', '-c', read]);
      assert.equal((await exec()).stdout, `${denied}made\n`);
      assert.equal((await exec('--privileged')).stdout, `${denied}made\n`);
      assert.equal((await exec('--landlock', 'ro=/usr,ro=/etc')).stdout, `${denied}kept\n`);
      await until('a probe', async () =>
        /hosts: Permission denied/.test(
          await s.ok(['inspect', '-f', '{{range .State.Health.Log}}{{.Output}}{{end}}', id]),
        ),
      );
      assert.equal(await s.ok(['exec', id, 'cat', '/data/probed']), 'x');
      await s.ok(['rm', '-f', id]);
      const free = await s.detached([], ['sleep', '100000']);
      assert.equal((await s.likerctl(['exec', '--landlock', 'ro=/usr', free, 'cat', '/etc/hosts'])).code, 1);
      assert.equal((await s.likerctl(['exec', free, 'cat', '/etc/hosts'])).code, 0);
      await s.ok(['rm', '-f', free]);
    });

    test('leaves only the ports that are named, for connections and for servers', async () => {
      const calls = ['asker', 'connect-443', 'connect-444', 'bind-8080', 'bind-8081'];
      const answers = async (...rules: string[]) =>
        (
          await s.run(
            rules.flatMap((rule) => ['--landlock', rule]),
            calls,
          )
        ).stdout
          .trim()
          .split('\n')
          .map((line) => line.split(' ')[1])
          .join(' ');
      const [none, open] = ['EACCES', 'ECONNREFUSED'];
      assert.equal(await answers('connect=443'), `${open} ${none} 0 0`);
      assert.equal(await answers('bind=8080'), `${open} ${open} 0 ${none}`);
      assert.equal(await answers('connect=443,connect=444', 'bind=none'), `${open} ${open} ${none} ${none}`);
      assert.equal(await answers('connect=none,ro=/'), `${none} ${none} 0 0`);
    });

    test('names what is missing in the container', async () => {
      const { code, stderr } = await s.run(['--landlock', 'ro=/nowhere'], ['true']);
      assert.equal(code, 125);
      assert.match(stderr, /step 'landlock' failed on '\/nowhere': openat2: ENOENT \(--landlock names/);
    });
  });

  describe('the session keyring', requires('key management in the kernel', existsSync('/proc/keys')), () => {
    // Of include/uapi/linux/keyctl.h.
    const [session, user] = ['-3', '-4'];
    const [unlink, search, read] = ['9', '10', '11'];
    const add = `add_key,user,liker-test,secret,6,${session}`;
    const free = opt('seccomp=unconfined');
    const numberOf = (text: string): string => /^(\d+)$/m.exec(text)?.[1] ?? assert.fail(text);

    test('is one of its own for each container, which its execs share', async () => {
      const one = await s.detached(free, ['sleep', '100000']);
      const other = await s.detached(free, ['sleep', '100000']);
      const call = (id: string, ...calls: string[]) => s.ok(['exec', id, 'caller', ...calls]);
      const key = numberOf(await call(one, add));
      assert.equal(await call(one, `keyctl,${search},${session},user,liker-test,0`), key);
      assert.equal(await call(one, `keyctl,${read},${key},%6,6`), 'secret');
      assert.equal(await call(other, `keyctl,${search},${session},user,liker-test,0`), 'ENOKEY');
      assert.equal(await call(other, 'request_key,user,liker-test,0,0'), 'ENOKEY');
      assert.equal(await call(other, `keyctl,${read},${key},%6,6`), 'EACCES');
      await s.ok(['rm', '-f', one, other]);
    });

    test('is not that of likerd, which has keys of the host', async () => {
      const onHost = (...calls: string[]) => execFileSync(compiled('caller'), calls, { encoding: 'utf8' });
      const find = (keyring: string) => `keyctl,${search},${keyring},user,liker-host,0`;
      // likerd has inherited this session keyring.
      const keys = onHost(...[session, user].map((keyring) => `add_key,user,liker-host,x,1,${keyring}`));
      try {
        const { stdout } = await s.run(free, ['caller', find(session), find(user)]);
        const [inSession, ofUser] = stdout.split('\n');
        assert.equal(inSession, 'ENOKEY');
        // Root of the host is one user, whichever container it is in: this is why the built-in filter refuses keyctl.
        assert.equal(ofUser, userns === 'auto' ? 'ENOKEY' : keys.split('\n')[1]);
      } finally {
        for (const [index, key] of keys.trim().split('\n').entries())
          onHost(`keyctl,${unlink},${key},${[session, user][index]}`);
      }
    });

    test('cannot be reached with the built-in filter', async () => {
      assert.equal(
        (await s.run([], ['caller', add, `keyctl,0,${session},0`, 'request_key,user,x,0,0'])).stdout,
        'EPERM\nEPERM\nEPERM\n',
      );
    });
  });

  test('labels of security modules that the kernel lacks are refused; their absence is not', async (t) => {
    assert.equal((await s.run(opt('apparmor=unconfined', 'label=disable'), ['true'])).code, 0);
    for (const [option, request] of [
      ['apparmor=liker-test', { apparmorProfile: 'liker-test', selinuxLabel: [] }],
      ['label=type:liker_t', { apparmorProfile: '', selinuxLabel: ['type:liker_t'] }],
    ] as const) {
      let why = '';
      try {
        execLabel(request);
      } catch (error) {
        why = (error as Error).message;
      }
      if (why === '') {
        t.diagnostic(`${option}: the kernel has that module`);
        continue;
      }
      const { code, stderr } = await s.run(opt(option), ['true']);
      assert.equal(code, 125);
      assert.ok(stderr.includes(why), stderr);
    }
  });
}
