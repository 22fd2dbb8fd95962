// The files of containers as programs change them, by the library: in every state, through links and mounts, and never outside of the root.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { type TestContext, test } from 'node:test';
import { type Container, Liker } from '../library/index.ts';
import { pids, readProc } from './harness/proc.ts';
import { isOrdinaryUser } from './harness/requires.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';
import { inBothModes } from './hostile/modes.ts';

const s = suite();
/** Without root, and without a delegated cgroup, nothing is paused. */
const states = (['created', 'running', 'paused', 'exited'] as const).filter(
  (state) => state !== 'paused' || !isOrdinaryUser,
);

async function container(
  t: TestContext,
  state: (typeof states)[number],
  flags: readonly string[],
): Promise<Container> {
  const liker = new Liker({ host: `unix://${s.daemon.socket}` });
  const how = state === 'created' ? ['create'] : ['run', '-d'];
  const id = (await s.ok([...how, ...flags, s.rootfs, 'sleep', '1000'])).trim();
  t.after(async () => {
    await s.ok(['rm', '-f', id]);
    liker[Symbol.dispose]();
  });
  if (state === 'paused') await s.ok(['pause', id]);
  if (state === 'exited') await s.ok(['kill', id]).then(() => s.ok(['wait', id]));
  return liker.containers.get(id);
}

const inside = (id: string, script: string): Promise<string> => s.ok(['exec', id, 'bash', '-c', script]);

inBothModes('files are changed, whatever the container does', async ({ flags }, t) => {
  for (const state of states) {
    const { id, files } = await container(t, state, flags);
    await files.mkdir('/d/e/f', { recursive: true });
    await files.writeFile('/d/file', 'one', { mode: 0o750 });
    await files.appendFile('/d/file', ' two');
    await files.rename('/d/file', '/d/e/moved');
    await files.writeFile('/d/gone', 'gone');
    await files.rm('/d/gone');
    await files.rm('/d/e/f', { recursive: true });
    await files.rm('/etc/passwd');
    assert.deepEqual(await files.readdir('/d', { recursive: true }), ['e', 'e/moved'], state);
    await assert.rejects(files.stat('/etc/passwd'), { code: 'ENOENT' });
    if (state === 'paused') await s.ok(['unpause', id]);
    if (state === 'created' || state === 'exited') await s.ok(['start', id]);
    const seen = await inside(
      id,
      'cat /d/e/moved; stat -c " %u:%g %a" /d/e/moved; ls /etc/passwd 2>&1; ls /d/e',
    );
    assert.match(seen, /^one two 0:0 750\n.*No such file.*\nmoved$/, state);
  }
});

inBothModes('what is mounted keeps its rules', async ({ flags }, t) => {
  const at = s.folder(`edit-${randomBytes(4).toString('hex')}`);
  const [shared, fixed] = [join(at, 'shared'), join(at, 'fixed')];
  for (const folder of [shared, fixed]) mkdirSync(folder);
  writeFileSync(join(fixed, 'file'), 'fixed');
  if (isOrdinaryUser) execFileSync('chown', ['-R', `${s.user.uid}:${s.user.gid}`, at]);
  const mounts = ['-v', `${shared}:/m/shared`, '-v', `${fixed}:/m/fixed:ro`, '--tmpfs', '/m/tmp'];
  const { files } = await container(t, 'running', [...flags, ...mounts]);
  await files.writeFile('/m/shared/file', 'shared');
  assert.equal(readFileSync(join(shared, 'file'), 'utf8'), 'shared');
  await files.writeFile('/m/tmp/file', 'in memory');
  assert.equal(await files.readFile('/m/tmp/file', 'utf8'), 'in memory');
  for (const change of [
    () => files.writeFile('/m/fixed/file', 'no'),
    () => files.mkdir('/m/fixed/folder'),
    () => files.rm('/m/fixed/file'),
    () => files.rename('/m/fixed/file', '/m/fixed/other'),
  ])
    await assert.rejects(change, { reason: 'READ_ONLY', code: 'EROFS' });
  await assert.rejects(files.rename('/m/shared/file', '/m/tmp/other'), { code: 'EXDEV' });
  // What something is mounted on stays, as it would for a program inside.
  await assert.rejects(files.rm('/etc/hosts'), { reason: 'BAD_PATH', code: 'EBUSY' });
  await assert.rejects(files.rename('/etc/hosts', '/etc/other'), { code: 'EBUSY' });
  await assert.rejects(files.rename('/m/fixed', '/m/other'), { code: 'EBUSY' });
  assert.match(await files.readFile('/etc/hosts', 'utf8'), /localhost/);
  await files.appendFile('/etc/hosts', '192.0.2.1 added\n');
  assert.match(await files.readFile('/etc/hosts', 'utf8'), /localhost(.|\n)*192\.0\.2\.1 added\n$/);
});

inBothModes('no link leads out of the root, also one that comes and goes', async ({ flags }, t) => {
  const outside = s.folder(`edit-${randomBytes(4).toString('hex')}`);
  mkdirSync(join(outside, 'kept'));
  const names = () => readdirSync(outside, { recursive: true }).join(' ');
  const { id, files } = await container(t, 'running', flags);
  await inside(
    id,
    `ln -s ${outside} /way; ln -s /../../../../../..${outside} /up; ln -s /proc/1/root /magic`,
  );
  for (const link of ['/way', '/up']) {
    const gone = { code: 'ENOENT' };
    await assert.rejects(files.writeFile(`${link}/file`, 'no'), gone);
    await assert.rejects(files.mkdir(`${link}/folder`), gone);
    await assert.rejects(files.rm(`${link}/kept`, { recursive: true }), gone);
    await assert.rejects(files.rename(`${link}/kept`, '/kept'), gone);
    await assert.rejects(files.readdir(link), gone);
  }
  // Magic links of procfs are followed for nobody.
  for (const change of [() => files.readdir('/magic'), () => files.writeFile('/magic/file', 'no')])
    await assert.rejects(change, { code: /^(ELOOP|EACCES)$/ });
  // A folder and a link to the host's take turns at one path.
  await inside(
    id,
    `mkdir -p ${outside}/kept /real; (while :; do ln -sfn ${outside} /turn; rm /turn; mv /real /turn; mv /turn /real; done) >/dev/null 2>&1 &`,
  );
  for (let round = 0; round < 10; round++)
    await Promise.allSettled([
      files.writeFile(`/turn/file-${round}`, 'raced'),
      files.mkdir(`/turn/folder-${round}`),
      files.rm('/turn/kept', { recursive: true }),
      files.rename('/turn/kept', `/turn/moved-${round}`),
    ]);
  assert.equal(names(), 'kept');
});

test('what is written to a stream is in the file once it is finished, and no copy of it is kept', async (t) => {
  const { files } = await container(t, 'running', []);
  const bytes = randomBytes(3_000_001);
  await pipeline(Readable.from([bytes.subarray(0, 7), bytes.subarray(7)]), files.createWriteStream('/s'));
  assert.ok((await buffer(files.createReadStream('/s'))).equals(bytes));
  const more = files.createWriteStream('/s', { flags: 'a' });
  more.write('more');
  more.end();
  await new Promise((resolve) => more.once('finish', resolve));
  assert.equal((await files.stat('/s')).size, bytes.length + 4);
  await files.writeFile(
    '/l',
    (async function* () {
      yield 'grüße ';
      yield Buffer.from('alle');
    })(),
  );
  assert.equal(await text(files.createReadStream('/l')), 'grüße alle');
  await assert.rejects(files.writeFile('/l', 'no', { flag: 'wx' }), {
    reason: 'PATH_EXISTS',
    code: 'EEXIST',
  });
  const nowhere = files.createWriteStream('/none/file');
  await assert.rejects(pipeline(Readable.from(['x'.repeat(1_000_000)]), nowhere), { code: 'ENOENT' });
  const why = new Error('enough');
  const left = files.createWriteStream('/left', { signal: AbortSignal.abort(why) });
  await assert.rejects(pipeline(Readable.from(['x']), left), why);
  // A stream that is destroyed ends the write.
  const destroyed = files.createWriteStream('/destroyed');
  destroyed.on('error', () => {});
  destroyed.write('begun');
  await until(
    'the file',
    async () => (await files.readFile('/destroyed', 'utf8').catch(() => '')) === 'begun',
  );
  destroyed.destroy();
  await until('the end of who writes it', () =>
    pids().every((pid) => !/liker-tree\S*\0.*\0write\0.*\/destroyed\0/.test(readProc(pid, 'cmdline'))),
  );
});
