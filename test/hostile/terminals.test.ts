// Terminals of a container: what many silent ones, bytes that are no text, and the host's own terminals could do.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openFiles } from '../harness/proc.ts';
import { hostileSuite, inBothModes } from './modes.ts';
import { workFolder } from './root.ts';

const s = hostileSuite({ programs: ['script', 'tty', 'stty', 'seq', 'dd', 'cmp'] });
const work = workFolder();

const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

inBothModes(
  'T29: many silent terminals occupy nothing of likerd, and what another one floods arrives whole',
  async ({ flags }) => {
    // Three times the threads of libuv.
    const silent = await Promise.all(
      Array.from({ length: 12 }, () =>
        s.detached([...flags, '-t', '-i'], ['sh', '-c', 'stty raw -echo; echo ready; exec cat']),
      ),
    );
    const sessions = silent.map((id) => s.api.attach(id, { stdin: true }));
    await Promise.all(sessions.map((session) => session.waitFor('ready')));
    assert.deepEqual(
      openFiles(s.daemon.pid).filter((file) => /^\/dev\/(pts\/|ptmx|tty)/.test(file)),
      [],
    );
    // A start needs files to be read and written in libuv's threads.
    const { code, bytes } = await s.run([...flags, '-t'], ['sh', '-c', 'stty raw; seq 1 300000']);
    assert.equal(code, 0);
    const lines = Array.from({ length: 300_000 }, (_, i) => `${i + 1}\n`);
    assert.equal(sha(bytes), sha(Buffer.from(lines.join(''))));
    for (const [i, session] of sessions.entries()) {
      session.type(`still ${i} here`);
      await session.waitFor(`still ${i} here`);
    }
    await s.ok(['rm', '-f', ...silent]);
    await Promise.allSettled(sessions.map(({ end }) => end));
  },
);

inBothModes(
  'T30: bytes that are no text pass through output, log and replay unchanged',
  async ({ flags }) => {
    const blob = Buffer.concat([
      Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
      // Invalid in UTF-8: cut, overlong, a surrogate, too large. Each is written byte by byte.
      Buffer.from('e282c0aff09f98eda080f7bfbfbfff', 'hex'),
      Buffer.from('€ 漢字 🙂 — a character whose bytes arrive one by one\n'),
      randomBytes(40_000),
    ]);
    const file = join(work, 'blob');
    writeFileSync(file, blob);
    const script = (before: string) =>
      `${before} dd if=/blob bs=1 count=400 status=none; tail -c +401 /blob; exec 1>&-`;
    const mount = ['-v', `${file}:/blob:ro`];
    for (const [tty, before] of [
      [[], ''],
      [['-t'], 'stty raw;'],
    ] as const) {
      const id = await s.detached([...flags, ...tty, ...mount], ['sh', '-c', script(before)]);
      await s.ok(['wait', id]);
      const { bytes } = await s.likerctl(['logs', id]);
      assert.equal(sha(bytes), sha(blob), `the log ${tty.join()}`);
      await s.ok(['rm', id]);
      const direct = await s.run([...flags, ...tty, ...mount], ['sh', '-c', script(before)]);
      assert.equal(sha(direct.bytes), sha(blob), `the output ${tty.join()}`);
    }
  },
);

const own = `
  stat -c 'devpts %d' /dev/pts
  stat -Lc 'ptmx %a' /dev/ptmx
  tty
  stat -c 'terminal %a %u %g' $(tty)
  script -qec tty /dev/null
  ls /dev/pts`;

inBothModes(
  'T31: a container opens terminals of its own devpts and sees none of the host',
  async ({ flags }) => {
    await using ofHost = s.terminal([], { file: '/bin/sh' });
    const number = (await ofHost.run('tty', /\/dev\/pts\/(\d+)/)).match(/\/dev\/pts\/(\d+)/)?.[1] ?? '';
    assert.ok(readdirSync('/dev/pts').includes(number));
    const before = readdirSync('/dev/pts').sort();
    for (const user of ['0:0', '1234:1234']) {
      const { code, stdout } = await s.run([...flags, '-t', '-u', user], ['sh', '-c', own]);
      assert.equal(code, 0, stdout);
      const [devpts, ptmx, tty, terminal, second, ...rest] = stdout.trimEnd().split(/[\r\n]+/);
      assert.notEqual(devpts, `devpts ${statSync('/dev/pts').dev}`);
      assert.equal(ptmx, 'ptmx 666');
      assert.equal(tty, '/dev/pts/0');
      assert.equal(terminal, `terminal 620 ${user.split(':')[0]} 5`);
      assert.equal(second, '/dev/pts/1', 'an ordinary user opens a further one');
      assert.deepEqual(rest.join(' ').split(/\s+/), ['0', 'ptmx']);
    }
    // A terminal that the container opens has no file on the host.
    const id = await s.detached([...flags, '-t'], ['script', '-qec', 'sleep 1000', '/dev/null']);
    assert.deepEqual(readdirSync('/dev/pts').sort(), before);
    await s.ok(['rm', '-f', id]);
  },
);

test('T31: where no id is that of group tty, a terminal belongs to a group that there is', async () => {
  const { code, stdout, stderr } = await s.run(
    ['-t', '--userns', 'uids=0-700000000-1;gids=0-700000000-1'],
    ['sh', '-c', own],
  );
  assert.equal(code, 0, `${stdout}${stderr}`);
  assert.match(stdout, /\/dev\/pts\/0\r?\nterminal 620 0 0\r?\n\/dev\/pts\/1\r?\n/m);
});
