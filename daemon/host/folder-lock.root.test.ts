import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { claimFolder } from './folder-lock.ts';

const user = 4321;

/** A folder of the user, which a process of `uid` has claimed in a file of this mode. */
async function claimed(t: TestContext, { uid, mode }: { uid: number; mode: number }) {
  const folder = mkdtempSync(join(tmpdir(), 'lk-lock-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'likerd.lock');
  writeFileSync(file, '');
  for (const path of [folder, file]) chownSync(path, user, user);
  chmodSync(folder, 0o755);
  chmodSync(file, mode);
  const script = `import fcntl, sys
f = open(sys.argv[1], 'r+')
fcntl.lockf(f, fcntl.LOCK_EX)
print('held', flush=True)
sys.stdin.read()`;
  const holder: ChildProcess = spawn(
    'setpriv',
    [`--reuid=${uid}`, '--clear-groups', '/usr/bin/python3', '-c', script, file],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  t.after(() => holder.kill('SIGKILL'));
  const ended = once(holder, 'exit').then(([code]) => {
    if (code !== null) throw new Error('it could not lock the file');
  });
  await Promise.race([once(holder.stdout ?? holder, 'data'), ended]);
  return { folder, file, pid: holder.pid };
}

test("a folder that the likerd of its user holds is not taken by root's", async (t) => {
  for (const mode of [0o600, 0o666]) {
    const { folder, pid } = await claimed(t, { uid: user, mode });
    assert.throws(() => claimFolder('--run', folder), {
      reason: 'ALREADY_RUNNING',
      message: `Cannot use '${folder}': likerd with pid ${pid} holds it; stop that one, or give another --run`,
    });
  }
});

test('a lock that another user holds on a file that was open to all does not keep likerd out', async (t) => {
  const { folder, file } = await claimed(t, { uid: user + 1, mode: 0o666 });
  const before = statSync(file).ino;
  assert.ok(claimFolder('--root', folder) > 0);
  assert.ok(existsSync(file) && statSync(file).ino !== before);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});
