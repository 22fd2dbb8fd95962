import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { until } from '../harness/until.ts';
import { BareRoot, buildPackage, debianTar, packageDependencies, unpack } from './bare-root.ts';

/** Files that dpkg keeps after a purge, and backups by groupadd. */
const notOurs = ['/var/lib/dpkg', '/var/log/dpkg.log', '/var/cache/ldconfig', '/etc/group-', '/etc/gshadow-'];

/** Everything on the machine's disk: for each path a line with type, mode and owner, and for each file one with its hash. */
async function listFiles(machine: BareRoot): Promise<string[]> {
  const rest = notOurs.map((path) => `-path ${path} -prune -o`).join(' ');
  const list = await machine.ok(
    `find / -xdev ${rest} -printf '%y %m %U:%G %p %l\\n'; find / -xdev ${rest} -type f -exec sha1sum {} +`,
  );
  return list.split('\n');
}

const debian = await debianTar('bare', packageDependencies());

describe('the package in a bare Debian 12', { skip: debian.skip }, () => {
  let machine: BareRoot;
  let folder = '';
  let files: string[] = [];
  let [first, second] = ['', ''];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lk-deb-'));
    first = await buildPackage('0.1.0', folder);
    second = await buildPackage('0.1.1~next', folder);
    machine = await BareRoot.start(unpack(debian));
    files = await listFiles(machine);
  });

  after(async () => {
    await machine?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  async function install(deb: string): Promise<void> {
    const copy = `/tmp/${basename(deb)}`;
    await machine.put(deb, copy);
    const { code, stdout, stderr } = await machine.sh(`dpkg -i ${copy}`);
    assert.equal(code, 0, `${stdout}${stderr}`);
    assert.doesNotMatch(stdout + stderr, /error|cannot|failed|warning/i);
  }

  test('installs with all dependencies of its programs', async () => {
    await install(first);
    const missing = await machine.ok(
      'cd /usr/lib/liker; for f in bin/node native/build/libliker.so $(find . -name "*.node"); do ldd $f; done | grep "not found" || :',
    );
    assert.equal(missing, '');
    assert.match(await machine.ok('getent group liker'), /^liker:x:\d+:$/);
    assert.equal(await machine.ok('likerctl --version'), 'likerctl version 0.1.0');
    assert.equal(await machine.ok('likerd --version'), '0.1.0');
    assert.match(await machine.ok('head -c 4 /usr/bin/likerctl'), /ELF/, 'no shell');
    assert.match(
      await machine.ok('likerctl ps 2>&1 || :'),
      /no daemon is listening there; start it with 'likerd'$/,
    );
    const enabled = await machine.ok('ls /etc/systemd/system/*.wants | grep liker | sort');
    assert.equal(enabled, 'likerd.service\nlikerd.socket');
  });

  test('has the protos, which a generator can read, and the documentation', async () => {
    const files = await machine.ok('cd /usr/share/liker/proto; find . -type f | sort');
    for (const file of ['liker/v1/session_service.proto', 'google/rpc/error_details.proto'])
      assert.ok(files.split('\n').includes(`./${file}`), `${file} in\n${files}`);
    const docs = (await machine.ok('ls /usr/share/doc/liker')).split('\n');
    for (const name of ['api.md', 'docker.md', 'errors.md', 'restarts.md', 'rootfs.md'])
      assert.ok(docs.includes(name), `${name} in ${docs}`);
  });

  test('has a manual page for each command, and completions', async () => {
    const pages = await machine.ok("dpkg -L liker | sed -n 's,.*/man/man./,,p'");
    for (const page of [
      'likerctl.1.gz',
      'likerctl-run.1.gz',
      'likerctl-container-prune.1.gz',
      'liker.1.gz',
      'likerd.8.gz',
    ])
      assert.ok(pages.split('\n').includes(page), `${page} in\n${pages}`);
    const completion = `. /usr/share/bash-completion/completions/likerctl
      COMP_WORDS=(likerctl run --mem) COMP_CWORD=2; _likerctl; echo "\${COMPREPLY[@]}"`;
    assert.match(await machine.ok(`bash -c '${completion}'`), /--memory\b/);
    assert.match(await machine.ok('zcat /usr/share/doc/liker/changelog.gz'), /^liker \(0\.1\.0\) /);
  });

  test('runs a container, whose limit is enforced', async () => {
    await machine.ok('likerctl rootfs build /tmp/tour');
    assert.equal(await machine.ok('liker /tmp/tour hostname -s | tail -n 1'), 'Finished!');
    assert.equal(await machine.ok('stat -c "%a %U:%G" /run/liker/liker.sock'), '660 root:liker');
    assert.equal((await machine.sh("likerctl run --rm /tmp/tour sh -c 'exit 7'")).code, 7);
    const id = await machine.ok('likerctl run -d --memory 64m /tmp/tour sleep 1000');
    const limits = globSync(`/sys/fs/cgroup/{,*/}${machine.cgroup}/**/${id}/memory.{max,limit_in_bytes}`);
    assert.deepEqual(
      limits.map((file) => readFileSync(file, 'utf8').trim()),
      [String(64 << 20)],
    );
    await machine.ok(`likerctl rm -f ${id}`);
  });

  test("serves Docker's API at the path that its unit names", async () => {
    const unit = await machine.ok('cat $(dpkg -L liker | grep /system/likerd.service)');
    const [flag = ''] = /--docker-socket \/run\/liker\/docker\.sock$/m.exec(unit) ?? [];
    const own = '--root /tmp/own/root --run /tmp/own/run --socket /tmp/own/liker.sock';
    const ping =
      "require('http').get({ socketPath: '/run/liker/docker.sock', path: '/_ping' }, (r) => r.pipe(process.stdout))";
    await machine.ok(
      `mkdir /tmp/own; likerd ${own} ${flag} >/tmp/own/log 2>&1 </dev/null & echo $! >/tmp/own.pid`,
    );
    const answer = () => machine.sh(`/usr/lib/liker/bin/node -e "${ping}"`);
    await until("Docker's API to answer", async () => (await answer()).stdout === 'OK');
    await machine.ok(
      'kill $(cat /tmp/own.pid); while kill -0 $(cat /tmp/own.pid) 2>/dev/null; do sleep 0.1; done',
    );
    await machine.ok('rm -r /tmp/own /tmp/own.pid');
  });

  test('keeps an attached shell alive during an upgrade', async () => {
    const counter = await machine.ok(
      "likerctl run -d --name counter /tmp/tour sh -c 'while sleep 0.1; do echo x; done'",
    );
    await using shell = machine.terminal('likerctl', 'run', '-it', '--rm', '/tmp/tour', 'bash');
    await shell.run('mine=kept; echo "pid is $$, tty is $(tty)"', 'pid is 2, tty is /dev/pts/0');
    const lines = async (): Promise<number> => (await machine.ok('likerctl logs counter')).split('\n').length;
    const before = await lines();
    const pid = await machine.ok('cat /var/lib/liker/likerd.pid');

    await install(second);

    assert.notEqual(await machine.ok('cat /var/lib/liker/likerd.pid'), pid, 'another daemon');
    assert.equal(await machine.ok("likerctl version --format '{{.Server.Version}}'"), '0.1.1~next');
    await shell.run('echo "still $mine, pid $$"', 'still kept, pid 2');
    await until('the counter to go on', async () => (await lines()) > before + 20);
    assert.equal(await machine.ok("likerctl inspect --format '{{.State.Running}}' counter"), 'true');
    shell.type('exit 3\r');
    assert.equal(await shell.end(), 3);
    assert.equal(await machine.ok('likerctl ps -q --no-trunc'), counter);
  });

  test('is not removed while there are containers that it cannot stop', async () => {
    const id = await machine.ok('likerctl ps -q --no-trunc');
    const alive = `[ -S /run/liker/c/${id}/shim.sock ]`;
    await machine.ok('kill $(cat /var/lib/liker/likerd.pid)');
    await machine.ok('cd /usr/lib/liker/dist && mv likerd.mjs away');
    const { code, stderr } = await machine.sh('dpkg -r liker');
    assert.notEqual(code, 0);
    assert.match(
      stderr,
      /^liker: Cannot remove the package: containers still run, with shims of the pids \d+$/m,
    );
    await machine.ok(`${alive} && cd /usr/lib/liker/dist && mv away likerd.mjs && ../scripts/ensure-daemon`);
    assert.equal(await machine.ok('likerctl ps -q --no-trunc'), id);
  });

  test("leaves no trace after a purge, whichever daemon the caller's environment names", async () => {
    assert.notEqual(await machine.ok('likerctl ps -q'), '', 'a container runs');
    await machine.ok('LIKER_HOST=unix:///tmp/none LIKER_ROOT=/tmp/none LIKER_RUN=/tmp/none dpkg -P liker');
    assert.equal(await machine.ok('cat /proc/[0-9]*/comm | grep liker || :'), '');
    assert.equal(await machine.ok('ls /run | grep liker || :'), '');
    assert.deepEqual(globSync(`/sys/fs/cgroup/{,*/}${machine.cgroup}/liker-*`), []);
    const left = new Set(await listFiles(machine));
    const before = new Set(files);
    assert.deepEqual([[...left.difference(before)], [...before.difference(left)]], [[], []]);
  });
});
