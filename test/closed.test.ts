// Only root has access below --root and --run, except to the socket: others can neither read files there nor lock those that likerd needs.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { suite } from './harness/suite.ts';
import { within } from './harness/until.ts';

const s = suite();
const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];

/** The folder and every path below it, except below a container's root. */
function below(folder: string): string[] {
  const inside =
    lstatSync(folder).isDirectory() && !/\/(upper|work)$/.test(folder) ? readdirSync(folder) : [];
  return [folder, ...inside.flatMap((name) => below(join(folder, name)))];
}

/** The paths that the user nobody can read, write, list, or connect to. */
function openToNobody(paths: readonly string[]): string[] {
  const script = `
    use Socket;
    for (@ARGV) {
      print "$_\\n" if open(F, "<", $_) || open(F, "+<", $_) || opendir(D, $_);
      socket(S, AF_UNIX, SOCK_STREAM, 0);
      print "$_\\n" if connect(S, pack_sockaddr_un($_));
    }`;
  const { stdout, stderr, status } = spawnSync(
    nobody[0] ?? '',
    [...nobody.slice(1), 'perl', '-e', script, ...paths],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  return stdout.split('\n').filter(Boolean);
}

/** A process of the user nobody that has all these files open and holds read locks on them (fcntl(2)). */
async function lockAsNobody(files: readonly string[]): Promise<AsyncDisposable> {
  const script = `
    use Fcntl;
    for (@ARGV) {
      open(my $f, "<", $_) or die "$_: $!";
      my $lock = pack("s s x4 q q l x4", F_RDLCK, 0, 0, 0, 0);
      fcntl($f, F_SETLK, $lock) or die "$_: $!";
      push @open, $f;
    }
    $| = 1; print "locked\\n"; sleep;`;
  const child = spawn(nobody[0] ?? '', [...nobody.slice(1), 'perl', '-e', script, ...files], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  await within(
    'the locks',
    Promise.race([once(child.stdout, 'data'), ended.then(() => Promise.reject(new Error('not locked')))]),
  );
  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

const logged = ['sh', '-c', 'echo said; exec sleep 100000'];

test('other users cannot read, list or connect to anything below --root and --run; the group reaches the socket', async () => {
  chmodSync(s.daemon.home, 0o755);
  const id = await s.detached(['-e', 'PASSWORD=hunter2'], logged);
  const paths = [...below(s.daemon.root), ...below(s.daemon.run)];
  assert.ok(paths.some((path) => path.endsWith('liker.db-wal')) && paths.length > 15, paths.join());
  // The harness's two folders are open to all; the daemon's are not.
  const given = [s.daemon.root, s.daemon.run];
  assert.deepEqual(openToNobody(paths.filter((path) => !given.includes(path))), []);
  const { mode } = statSync(s.daemon.socket);
  assert.equal(mode & 0o777, 0o660);
  execFileSync('setpriv', [...nobody.slice(1), 'test', '-S', s.daemon.socket]);
  await s.ok(['rm', '-f', id]);
});

test('a user of a container who is not root can use the root, its files and the groups', async () => {
  const source = join(s.daemon.home, 'made/on/the/way');
  const script = [
    'ls / /etc >/dev/null && cat /etc/hosts /etc/resolv.conf /etc/hostname >/dev/null',
    'stat -c %a / /etc/hosts /bound',
    'find /sys/fs/cgroup -maxdepth 3 -type d ! -readable',
    'touch /tmp/mine && mkdir /tmp/folder && stat -c %a /tmp/mine /tmp/folder',
  ].join('; ');
  const flags = ['-u', '1000:1000', '-v', `${source}:/bound`, '--tmpfs', '/tmp'];
  assert.equal(await s.sh(flags, script), '755\n644\n755\n644\n755');
  for (const path of [source, join(s.daemon.home, 'made')])
    assert.equal(statSync(path).mode & 0o777, 0o755, path);
  const id = await s.detached(['-u', '1000:1000'], ['sleep', '100000']);
  const unreadable = await s.ok(['exec', id, 'find', '/sys/fs/cgroup', '-type', 'd', '!', '-readable']);
  assert.equal(unreadable.trim(), '');
  await s.ok(['rm', '-f', id]);
});

test("permissions that an earlier version left open are closed at the start, and another user's lock stops nothing", async () => {
  const { root, run } = s.daemon;
  const id = await s.detached(['--name', 'kept', '-e', 'PASSWORD=hunter2'], logged);
  await s.daemon.kill9();
  // As that version created them.
  for (const folder of [root, run, join(run, 'c'), join(run, 'root')]) chmodSync(folder, 0o711);
  const files = ['liker.db', 'liker.db-wal', 'likerd.pid', 'likerd.lock', 'boot-id'].map((name) =>
    join(root, name),
  );
  files.push(join(run, 'likerd.lock'));
  for (const file of files) chmodSync(file, 0o644);
  {
    await using _ = await lockAsNobody(files);
    await s.daemon.start();
    assert.equal((await s.inspect(id)).State.Status, 'running');
    assert.equal(statSync(root).mode & 0o777, 0o700);
    const paths = [...below(root), ...below(run)].filter((path) => path !== run);
    assert.deepEqual(openToNobody(paths), []);
    // It also starts while the locks are held.
    await s.daemon.restart();
    await s.ok(['exec', 'kept', 'true']);
  }
  await s.ok(['rm', '-f', 'kept']);
});
