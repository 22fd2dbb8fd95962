import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { hasReason, LikerError } from '../../common/errors.ts';
import { findCredentials } from './find.ts';
import { helperGet } from './helper.ts';
import { registryOf } from './server-key.ts';
import { eraseCredentials, storeCredentials } from './store.ts';

/** A home folder, and a folder of programs. */
class Home implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'liker-home-'));
  readonly #path = process.env['PATH'];
  readonly env = { HOME: this.path };

  constructor(files: Readonly<Record<string, unknown>> = {}) {
    process.env['PATH'] = `${join(this.path, 'bin')}:${this.#path}`;
    for (const [name, value] of Object.entries(files)) {
      const file = join(this.path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value));
    }
  }

  helper(name: string, script: string): void {
    const file = join(this.path, 'bin', `docker-credential-${name}`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
  }

  get config() {
    return JSON.parse(readFileSync(join(this.path, '.docker/config.json'), 'utf8'));
  }

  find(host: string, path = 'x') {
    return findCredentials({ host, path }, this.env);
  }

  [Symbol.dispose](): void {
    process.env['PATH'] = this.#path;
    rmSync(this.path, { recursive: true });
  }
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const none = { username: '', password: '', identityToken: '', registryToken: '' };
const user = (username: string, password: string) => ({ ...none, username, password });
const config = '.docker/config.json';

function refused(text: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(hasReason(error, 'BAD_ARGUMENT') && error instanceof LikerError, String(error));
    assert.match(error.message, text);
    return true;
  };
}

test("credentials are found in Docker's file under every name that has been written there", async () => {
  using home = new Home({
    [config]: {
      auths: {
        'https://index.docker.io/v1/': { auth: base64('hub:p:w') },
        'a.example.com:5000': { auth: base64('a:1') },
        'https://b.example.com/v2/': { username: 'b', password: '2' },
        'c.example.com': { auth: base64('00000000-0000:'), identitytoken: 'lasting' },
        'd.example.com': { registrytoken: 'as it is' },
        'e.example.com': {},
        'f.example.com': { auth: base64('f:6\0\0') },
      },
    },
  });
  assert.deepEqual(await home.find('docker.io'), user('hub', 'p:w'));
  assert.deepEqual(await home.find('a.example.com:5000'), user('a', '1'));
  assert.deepEqual(await home.find('b.example.com'), user('b', '2'));
  assert.deepEqual(await home.find('c.example.com'), { ...none, identityToken: 'lasting' });
  assert.deepEqual(await home.find('d.example.com'), { ...none, registryToken: 'as it is' });
  assert.equal(await home.find('e.example.com'), null);
  assert.deepEqual(await home.find('f.example.com'), user('f', '6'));
  for (const other of ['a.example.com', 'example.com', 'constructor'])
    assert.equal(await home.find(other), null);
});

test("podman's file comes second, and may be about a part of a registry", async () => {
  const podman = {
    auths: { 'q.example.com/team': { auth: base64('t:1') }, 'q.example.com': { auth: base64('q:2') } },
  };
  using home = new Home({ '.config/containers/auth.json': podman });
  assert.deepEqual(await home.find('q.example.com', 'team/app'), user('t', '1'));
  assert.deepEqual(await home.find('q.example.com', 'other/app'), user('q', '2'));
  assert.equal(await home.find('r.example.com'), null);
});

test('helpers are asked before the file, that of the registry before that of all', async () => {
  using home = new Home({
    [config]: {
      auths: { 'a.example.com': { auth: base64('file:1') } },
      credsStore: 'all',
      credHelpers: { 'b.example.com': 'one' },
    },
  });
  home.helper(
    'all',
    'read server; [ "$server" = https://index.docker.io/v1/ ] && echo "{\\"Username\\":\\"<token>\\",\\"Secret\\":\\"t\\"}" && exit 0; echo credentials not found in native keychain; exit 1',
  );
  home.helper(
    'one',
    'read server; echo "{\\"ServerURL\\":\\"$server\\",\\"Username\\":\\"$1\\",\\"Secret\\":\\"$server\\"}"',
  );
  assert.deepEqual(await home.find('docker.io'), { ...none, identityToken: 't' });
  assert.deepEqual(await home.find('b.example.com'), user('get', 'b.example.com'));
  assert.deepEqual(await home.find('a.example.com'), user('file', '1'));
  assert.equal(await home.find('c.example.com'), null);
});

test('a helper that is missing, fails, hangs or talks nonsense is an error that names it', async () => {
  using home = new Home();
  home.helper('fails', 'echo no keychain today; exit 3');
  home.helper('nonsense', 'echo hello');
  home.helper('hangs', 'sleep 1000');
  const get = (name: string) => helperGet({ name, limitMs: 300 }, 'x');
  await assert.rejects(
    get('absent'),
    refused(/^Cannot get credentials with 'docker-credential-absent': there is no such program; install it/),
  );
  await assert.rejects(get('fails'), refused(/no keychain today$/));
  await assert.rejects(get('nonsense'), refused(/not JSON with Username and Secret/));
  await assert.rejects(get('hangs'), refused(/does not end within 0\.3 seconds/));
  await assert.rejects(get('../../bin/sh'), refused(/without slashes/));
});

test('a file that cannot be used is an error that names it', async () => {
  const table: [unknown, RegExp][] = [
    ['{', /it is not JSON/],
    ['[]', /it is not a JSON object/],
    [{ auths: { 'a.example.com': { auth: 3 } } }, /auths\.a\.example\.com\.auth/],
    [
      { auths: { 'a.example.com': { auth: base64('nothing') } } },
      /not USER:PASSWORD in base64; repair it with 'likerctl login a\.example\.com'/,
    ],
  ];
  for (const [value, why] of table) {
    using home = new Home({ [config]: value });
    await assert.rejects(home.find('a.example.com'), refused(why));
    await assert.rejects(
      home.find('a.example.com'),
      refused(new RegExp(`^Cannot use the credentials in '${home.path}/.docker/config.json': `)),
    );
  }
  using empty = new Home({ [config]: '' });
  assert.equal(await empty.find('a.example.com'), null);
});

test('credentials are stored as Docker does, and the rest of the file stays', async () => {
  using home = new Home({
    [config]: { psFormat: 'x', auths: { 'a.example.com': { auth: base64('a:1'), note: 'kept' } } },
  });
  chmodSync(join(home.path, config), 0o644);
  const file = join(home.path, config);
  assert.equal(await storeCredentials('docker.io', user('u', 'p'), home.env), file);
  assert.deepEqual(home.config, {
    psFormat: 'x',
    auths: {
      'a.example.com': { auth: base64('a:1'), note: 'kept' },
      'https://index.docker.io/v1/': { auth: base64('u:p') },
    },
  });
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(dirname(file)), ['config.json']);
  await storeCredentials('a.example.com', { ...user('u', 'p'), identityToken: 'lasting' }, home.env);
  assert.deepEqual(home.config.auths['a.example.com'], { auth: base64('u:'), identitytoken: 'lasting' });
  assert.equal(await eraseCredentials('docker.io', home.env), true);
  assert.equal(await eraseCredentials('docker.io', home.env), false);
  assert.deepEqual(Object.keys(home.config.auths), ['a.example.com']);
});

test('a folder is made for the file, and a link to it stays a link', async () => {
  using home = new Home();
  await storeCredentials('a.example.com', user('u', 'p'), home.env);
  assert.equal(statSync(join(home.path, '.docker')).mode & 0o777, 0o700);
  const [file, other] = [join(home.path, config), join(home.path, 'elsewhere.json')];
  rmSync(file);
  writeFileSync(other, '{}');
  symlinkSync(other, file);
  await storeCredentials('a.example.com', user('u', 'p'), home.env);
  assert.match(readFileSync(other, 'utf8'), /a\.example\.com/);
});

test('a helper keeps what is stored, and the file only a mark', async () => {
  using home = new Home({ [config]: { credsStore: 'keep' } });
  const kept = join(home.path, 'kept');
  home.helper('keep', `case $1 in store) cat >${kept} ;; erase) rm ${kept} ;; esac`);
  assert.equal(await storeCredentials('a.example.com', user('u', 'p'), home.env), null);
  assert.deepEqual(JSON.parse(readFileSync(kept, 'utf8')), {
    ServerURL: 'a.example.com',
    Username: 'u',
    Secret: 'p',
  });
  assert.deepEqual(home.config, { credsStore: 'keep', auths: { 'a.example.com': {} } });
  assert.equal(await eraseCredentials('a.example.com', home.env), true);
  assert.equal(existsSync(kept), false);
});

test('a server may be written in several ways', () => {
  for (const text of ['docker.io', 'https://index.docker.io/v1/', 'registry-1.docker.io']) {
    assert.equal(registryOf(text), 'docker.io');
  }
  assert.equal(registryOf('https://r.example.com:5000/v2/'), 'r.example.com:5000');
});
