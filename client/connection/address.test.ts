import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { hostFrom } from './address.ts';
import { rootsDaemon } from './roots-daemon.ts';

const home = mkdtempSync(join(tmpdir(), 'liker-address-'));
after(() => rmSync(home, { recursive: true, force: true }));

const rootSocket = join(home, 'root.sock');
const env = { HOME: '/home/ann', XDG_RUNTIME_DIR: join(home, 'runtime') };
const own = join(home, 'runtime/liker/liker.sock');
const uid = process.getuid?.() || 12_345_678;
mkdirSync(env.XDG_RUNTIME_DIR);
if (uid !== process.getuid?.()) chownSync(env.XDG_RUNTIME_DIR, uid, uid);

test('root has the likerd of the machine, unless the environment names another', () => {
  const root = { uid: 0, rootSocket };
  assert.equal(hostFrom({}, root), 'unix:///run/liker/liker.sock');
  assert.equal(hostFrom({ ...env, LIKER_RUN: '/srv/run' }, root), 'unix:/srv/run/liker.sock');
  assert.equal(hostFrom({ LIKER_RUN: '/srv/run', LIKER_HOST: 'unix:///x' }, root), 'unix:///x');
});

test("an ordinary user has his own likerd; root's only if he may use it and never started one", () => {
  const user = { uid, rootSocket };
  assert.equal(hostFrom(env, user), `unix://${own}`);
  writeFileSync(rootSocket, '');
  assert.equal(hostFrom(env, user), `unix://${rootSocket}`);
  if (process.getuid?.() !== 0) {
    chmodSync(rootSocket, 0);
    assert.equal(hostFrom(env, user), `unix://${own}`);
    chmodSync(rootSocket, 0o600);
  }
  mkdirSync(join(home, 'runtime/liker'), { recursive: true });
  writeFileSync(own, '');
  assert.equal(hostFrom(env, user), `unix://${own}`);
  assert.equal(hostFrom({ ...env, LIKER_HOST: 'unix:///x' }, user), 'unix:///x');
});

test('without a runtime folder the socket is with the data', () => {
  const user = { uid, rootSocket: '/none' };
  assert.equal(hostFrom({ HOME: '/home/ann' }, user), 'unix:///home/ann/.local/share/liker/run/liker.sock');
  const data = { HOME: '/home/ann', XDG_DATA_HOME: '/data', XDG_RUNTIME_DIR: 'relative' };
  assert.equal(hostFrom(data, user), 'unix:///data/liker/run/liker.sock');
});

test("a user whose own likerd is absent is told of root's", () => {
  const there = join(home, 'there.sock');
  const user = { uid, rootSocket: there };
  assert.equal(rootsDaemon(own, env, user), '');
  writeFileSync(there, '');
  assert.equal(
    rootsDaemon(own, env, user),
    `; root's likerd is at unix://${there}: LIKER_HOST=unix://${there} names it`,
  );
  assert.equal(rootsDaemon('/another', env, user), '');
  assert.equal(rootsDaemon(own, env, { ...user, uid: 0 }), '');
});
