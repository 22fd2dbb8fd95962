import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FakeServer, serviceError } from '../test/fake-server.ts';
import { type Outcome, PipedLikerctl, TerminalLikerctl } from '../test/likerctl.ts';

const patience = { timeout: 60_000 };

interface Asked {
  readonly registry: string;
  readonly credentials: {
    readonly username: string;
    readonly password: string;
    readonly identityToken: string;
  };
  readonly insecure: boolean;
}

/** A server that takes the password `secret`, and what it was asked. */
async function start(identityToken = ''): Promise<{ server: FakeServer; asked: Asked[]; config: string }> {
  const server = new FakeServer();
  const asked: Asked[] = [];
  await server.listen({
    unary: {
      CheckCredentials: (request: Asked) => {
        asked.push(request);
        if (request.credentials.password === 'secret') return { identityToken };
        throw serviceError('PERMISSION_DENIED', "Cannot log in to 'r.example.com': wrong", {
          reason: 'REGISTRY_DENIED',
        });
      },
    },
  });
  return { server, asked, config: join(server.folder, 'config.json') };
}

async function run(server: FakeServer, args: readonly string[], stdin = ''): Promise<Outcome> {
  const piped = new PipedLikerctl(server.socketPath, args, { env: { DOCKER_CONFIG: server.folder } });
  piped.child.stdin.end(stdin);
  return await piped.outcome();
}

test('login checks the password and stores it; logout removes it', patience, async () => {
  const { server, asked, config } = await start();
  await using _server = server;
  const login = ['login', '-u', 'me', '--password-stdin', 'r.example.com'];
  const wrong = await run(server, login, 'guess\n');
  assert.deepEqual([wrong.code, wrong.stdout], [1, '']);
  assert.match(wrong.stderr, /Cannot log in to 'r\.example\.com': wrong/);
  assert.throws(() => readFileSync(config), { code: 'ENOENT' });
  const right = await run(server, [...login, '--tls-verify=false'], 'secret\r\n');
  assert.deepEqual([right.code, right.stdout], [0, 'Login Succeeded\n']);
  assert.match(right.stderr, /stored unencrypted in '.*config\.json'/);
  assert.deepEqual(
    asked.map(({ registry, insecure }) => [registry, insecure]),
    [
      ['r.example.com', false],
      ['r.example.com', true],
    ],
  );
  const auth = Buffer.from('me:secret').toString('base64');
  assert.deepEqual(JSON.parse(readFileSync(config, 'utf8')), { auths: { 'r.example.com': { auth } } });
  const again = await run(server, ['login', 'https://r.example.com/v2/']);
  assert.deepEqual(
    [again.code, again.stdout],
    [0, 'Authenticating with existing credentials...\nLogin Succeeded\n'],
  );
  const out = await run(server, ['logout', 'r.example.com']);
  assert.deepEqual([out.code, out.stdout], [0, 'Removing login credentials for r.example.com\n']);
  assert.deepEqual(JSON.parse(readFileSync(config, 'utf8')), { auths: {} });
  assert.equal((await run(server, ['logout'])).stdout, 'Not logged in to docker.io\n');
});

test('a token that the registry gives is stored in the place of the password', patience, async () => {
  const { server, config } = await start('lasting');
  await using _server = server;
  const { code, stderr } = await run(server, ['login', '-u', 'me', '-p', 'secret', 'r.example.com']);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /--password shows the password in the list of processes/);
  const auth = Buffer.from('me:').toString('base64');
  assert.deepEqual(JSON.parse(readFileSync(config, 'utf8')).auths, {
    'r.example.com': { auth, identitytoken: 'lasting' },
  });
});

test('flags that do not go together, and a stdin that cannot be asked, are refused', patience, async () => {
  const { server } = await start();
  await using _server = server;
  const table: [string[], RegExp][] = [
    [['-u', 'me', '-p', 'x', '--password-stdin'], /--password and --password-stdin exclude each other/],
    [['--password-stdin'], /--password-stdin needs --username/],
    [['-u', 'me'], /stdin is no terminal to ask at/],
    [['-u', 'me', '--password-stdin'], /the password is empty/],
  ];
  for (const [flags, why] of table) {
    const { code, stderr } = await run(server, ['login', ...flags, 'r.example.com']);
    assert.notEqual(code, 0);
    assert.match(stderr, why);
  }
});

test('on a terminal both are asked for, and the password is not shown', patience, async () => {
  const { server, config } = await start();
  await using _server = server;
  const terminal = new TerminalLikerctl(server.socketPath, ['login', 'r.example.com'], {
    DOCKER_CONFIG: server.folder,
  });
  await terminal.sees('Username: ');
  terminal.pty.write('me\r');
  await terminal.sees('Password: ');
  terminal.pty.write('secret\r');
  assert.equal(await terminal.ended, 0, terminal.output);
  assert.match(terminal.output, /Login Succeeded/);
  assert.doesNotMatch(terminal.output, /secret/);
  assert.match(readFileSync(config, 'utf8'), /r\.example\.com/);
});
