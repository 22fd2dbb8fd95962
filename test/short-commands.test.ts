// Commands that Bun runs say the same, byte by byte, as with Node.js (docs/adr/0058).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { shortNames } from '../client/registry.ts';
import { repository } from './harness/daemon.ts';
import { environment, program } from './harness/likerctl.ts';
import { suite } from './harness/suite.ts';

const s = suite();
const skip = !existsSync(join(repository, 'dist/likerctl')) && 'needs Bun, which npm could not install';

/** They change nothing, or the same each time. */
const lines = `
inspect web
inspect -s web
inspect -f {{.Id}} web two
inspect --format {{json}} web
inspect nope web
inspect --type image web
container inspect web
port web
port web 81
top web
top web -eo pid,args
explain web
diff two
ps -a --format json
ps --filter name=web --no-trunc
container ls -q
images
images -a --digests
image ls
image inspect nope
history nope
rmi nope
untag nope
tag nope a
network ls
network inspect bridge nope
network create --subnet nonsense x
network rm nope
network connect nope web
network disconnect nope web
volume ls
volume ls -q
volume inspect vol nope
volume create vol
volume rm nope
mount ls web
mount rm web nope
secret ls
secret rm nope
info --format {{.Name}}
system df
system df -v
lease ls
lease rm nope
kill nope
kill -s NOSUCH web
pause web
unpause web
unpause web
rename web two
update -m 128m web
update --cpus lots web
stop nope
stop -t x web
restart -t 0 two
rm nope
rm web
rm --help
inspect
inspect --help
network nope
image rm
ps --nope
version --format {{.Client.Version}}
version -f {{json
update
`;

async function prepare(): Promise<void> {
  await s.likerctl('run -d --name web -l a=b -m 64m -v /tmp:/x:ro / sleep 1000'.split(' '));
  await s.likerctl('run -d --name two / sleep 1000'.split(' '));
  await s.likerctl(['volume', 'create', 'vol']);
  const secret = join(s.folder('secret'), 'text');
  writeFileSync(secret, 'text');
  await s.likerctl(['secret', 'create', 'token', secret]);
}

/** Without what another moment changes, and the width of its column. */
function steady(text: string): string {
  return text
    .replaceAll(/Less than a second|About a minute|\d+ (milli)?(second|minute)s?/g, 'TIME')
    .replaceAll(/"\d{4}-\d\d-\d\dT[^"]*"/g, '"TIME"')
    .replaceAll(/ {2,}/g, '  ');
}

test('each line ends, and prints, as with Node.js', { skip }, async () => {
  await prepare();
  for (const line of lines.trim().split('\n')) {
    const run = async (runtime: string) => {
      const { code, stdout, stderr } = await s.likerctl(line.split(' '), { env: { LIKER_RUNTIME: runtime } });
      return { line, code, stdout: steady(stdout), stderr: steady(stderr) };
    };
    const onNode = await run('node');
    assert.deepEqual(await run('bun'), onNode);
  }
});

test('what cannot be written ends it as with Node.js', { skip }, async () => {
  for (const script of ['"$0" inspect web >&-', '"$0" inspect web >/dev/full', '"$0" rm nope 2>&-']) {
    const ends = ['bun', 'node'].map((LIKER_RUNTIME) => {
      const { status, stdout, stderr } = spawnSync('sh', ['-c', script, program], {
        env: environment(s.daemon, { LIKER_RUNTIME }),
        encoding: 'utf8',
      });
      return { script, status, stdout, stderr };
    });
    assert.deepEqual(ends[0], ends[1]);
  }
});

test('short commands are those that only ask and print, by all their names', () => {
  const names = shortNames();
  for (const name of ['ps', 'container ls', 'image ls', 'network rm', 'inspect'])
    assert.ok(names.includes(name));
  for (const name of ['run', 'exec', 'logs', 'start', 'cp', 'system prune', 'network prune'])
    assert.ok(!names.includes(name));
});
