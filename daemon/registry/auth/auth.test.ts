import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Access } from '../api.ts';
import { openRegistries } from '../registries.ts';
import { FakeRegistry, fails, never, password, quick, refuse, repositoryAt } from '../test/fake-registry.ts';

const basicOf = (user: string, secret: string): string =>
  `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;

interface TokenServer {
  /** What each request for a token said, in one line. */
  readonly asked: string[];
  /** Tokens that the registry takes, with their scopes. */
  readonly given: Map<string, string>;
}

/** Makes a registry want tokens, which it gives itself to `user`:`secret`, to the identity token `lasting`, and to nobody in particular. */
function wantTokens(registry: FakeRegistry, { anonymous = true, path = '/token' } = {}): TokenServer {
  const server: TokenServer = { asked: [], given: new Map() };
  const give = (scope: string, more = {}): string => {
    const token = `token-${server.asked.length}`;
    server.given.set(`Bearer ${token}`, scope);
    return JSON.stringify({ token, ...more });
  };
  registry.instead = (request, response, url) => {
    const { authorization = '' } = request.headers;
    if (url.pathname === path && request.method === 'POST') {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        const form = new URLSearchParams(body);
        server.asked.push(`POST ${form.get('grant_type')} ${form.get('refresh_token')} ${form.get('scope')}`);
        if (form.get('refresh_token') !== 'lasting') refuse(response, 400, 'INVALID_GRANT');
        else response.end(give(form.get('scope') ?? ''));
      });
      return true;
    }
    if (url.pathname === path) {
      const scopes = url.searchParams.getAll('scope').join(' ');
      server.asked.push(
        ['GET', url.searchParams.get('account'), url.searchParams.get('service'), scopes].join(' '),
      );
      const isUser = authorization === basicOf('user', 'secret');
      if (!isUser && (authorization !== '' || !anonymous)) return refuse(response, 401, 'UNAUTHORIZED');
      const lasting = url.searchParams.get('offline_token') === 'true' ? { refresh_token: 'lasting' } : {};
      response.end(give(scopes, isUser ? lasting : {}));
      return true;
    }
    const scope = `repository:${/^\/v2\/(.+)\/(?:manifests|blobs)\//.exec(url.pathname)?.[1]}:pull`;
    const given = server.given.get(authorization);
    if (url.pathname === '/v2/' ? given !== undefined : given?.split(' ').includes(scope)) return false;
    const challenge = `Bearer realm="http://${registry.host}${path}",service="s"${url.pathname === '/v2/' ? '' : `,scope="${scope}"`}`;
    return refuse(response, 401, 'UNAUTHORIZED', { 'www-authenticate': challenge });
  };
  return server;
}

test('one token is fetched for a call without credentials, and shown with every request of its scope', async () => {
  await using registry = await FakeRegistry.start();
  const image = registry.addImage('1');
  const { asked } = wantTokens(registry);
  const repository = repositoryAt(registry, 'a/b:1');
  await repository.document({ digest: await repository.digest(never), mediaType: '' }, never);
  await repository.document(image, never);
  assert.deepEqual(asked, ['GET  s repository:a/b:pull']);
  assert.deepEqual(
    registry.seen.map(({ headers }) => headers.authorization),
    [undefined, undefined, 'Bearer token-1', 'Bearer token-1', 'Bearer token-1'],
  );
});

test('a password is shown to the token server, and only the token to the registry', async () => {
  await using registry = await FakeRegistry.start();
  registry.addImage('1');
  const { asked } = wantTokens(registry, { anonymous: false });
  await repositoryAt(registry, 'x:1', { credentials: password('user', 'secret') }).digest(never);
  assert.deepEqual(asked, ['GET user s repository:x:pull']);
  const shown = registry.seen.map(({ headers }) => headers.authorization);
  assert.deepEqual(shown, [undefined, basicOf('user', 'secret'), 'Bearer token-1']);
});

test('an identity token is exchanged by OAuth2, and a registry token is shown as it is', async () => {
  await using registry = await FakeRegistry.start();
  registry.addImage('1');
  const { asked, given } = wantTokens(registry, { anonymous: false });
  const none = { username: '', password: '', identityToken: '', registryToken: '' };
  await repositoryAt(registry, 'x:1', { credentials: { ...none, identityToken: 'lasting' } }).digest(never);
  assert.deepEqual(asked, ['POST refresh_token lasting repository:x:pull']);
  given.set('Bearer mine', 'repository:x:pull');
  await repositoryAt(registry, 'x:1', { credentials: { ...none, registryToken: 'mine' } }).digest(never);
  assert.equal(asked.length, 1);
  const wrong = repositoryAt(registry, 'x:1', { credentials: { ...none, registryToken: 'other' } });
  await assert.rejects(wrong.digest(never), fails('REGISTRY_DENIED', /refuses the credentials/));
  const expired = repositoryAt(registry, 'x:1', { credentials: { ...none, identityToken: 'old' } });
  await assert.rejects(
    expired.digest(never),
    fails('REGISTRY_DENIED', /refuses the credentials.*\(invalid grant\)/),
  );
});

test('a token that is no longer taken is replaced once', async () => {
  await using registry = await FakeRegistry.start();
  registry.addImage('1');
  const { asked, given } = wantTokens(registry);
  const repository = repositoryAt(registry, 'x:1');
  await repository.digest(never);
  given.clear();
  await repository.digest(never);
  assert.equal(asked.length, 2);
  const { instead } = registry;
  registry.instead = (request, response, url) => {
    given.clear();
    return instead(request, response, url);
  };
  await assert.rejects(
    repository.digest(never),
    fails('REGISTRY_DENIED', /gives no access without credentials/),
  );
  assert.equal(asked.length, 3);
});

test('basic authentication is shown when it is wanted, and then at once', async () => {
  await using registry = await FakeRegistry.start();
  registry.addImage('1');
  const right = basicOf('user', 'secret:with:colons');
  registry.instead = (request, response) =>
    request.headers.authorization !== right &&
    refuse(response, 401, 'UNAUTHORIZED', { 'www-authenticate': 'Basic realm="Registry"' });
  const repository = repositoryAt(registry, 'x:1', { credentials: password('user', 'secret:with:colons') });
  await repository.digest(never);
  await repository.digest(never);
  assert.deepEqual(
    registry.seen.map(({ headers }) => headers.authorization),
    [undefined, right, right],
  );
  registry.seen.length = 0;
  const wrong = repositoryAt(registry, 'x:1', { credentials: password('user', 'guess') });
  await assert.rejects(
    wrong.digest(never),
    fails('REGISTRY_DENIED', /refuses the credentials.*: likerctl login 127\.0\.0\.1/),
  );
  assert.equal(registry.lines.length, 2);
  const nobody = repositoryAt(registry, 'x:1');
  const text =
    /gives no access without credentials: there is no such repository, or it needs 'likerctl login 127\.0\.0\.1:\d+'$/;
  await assert.rejects(nobody.digest(never), fails('REGISTRY_DENIED', text));
});

test('credentials are not sent unencrypted to a token server that an encrypted registry names', async () => {
  await using registry = await FakeRegistry.start();
  // A registry in plain HTTP may name a plain token server, but no other scheme.
  for (const realm of ['ftp://127.0.0.1/token', 'file:///etc/passwd']) {
    registry.instead = (_request, response) =>
      refuse(response, 401, 'UNAUTHORIZED', { 'www-authenticate': `Bearer realm="${realm}"` });
    const repository = repositoryAt(registry, 'x', { credentials: password('user', 'secret') });
    await assert.rejects(repository.digest(never), fails('REGISTRY_DENIED', /which is not encrypted/));
  }
});

test('a token server that fails, or answers nonsense, is told', async () => {
  await using registry = await FakeRegistry.start();
  const challenge = { 'www-authenticate': `Bearer realm="http://${registry.host}/token"` };
  const table: [number, string, RegExp][] = [
    [200, '{}', /answers without a token/],
    [200, 'nonsense', /answers without a token/],
    [200, '{"token":"a\\r\\nb: c"}', /answers without a token/],
    [500, '{"details":"out of order"}', /answers 500 \(out of order\)/],
  ];
  for (const [status, body, why] of table) {
    registry.instead = (_request, response, url) =>
      url.pathname === '/token'
        ? !!response.writeHead(status).end(body)
        : refuse(response, 401, 'UNAUTHORIZED', challenge);
    await assert.rejects(repositoryAt(registry, 'x').digest(never), fails('REGISTRY_UNREACHABLE', why), body);
  }
});

async function check(registry: FakeRegistry, credentials: Access['credentials']): Promise<string> {
  using registries = openRegistries({ folder: '/does/not/exist', env: {}, timing: quick });
  return await registries.checkCredentials(registry.host, { credentials, insecure: false }, never);
}

test('credentials are checked, and what takes the place of the password is returned', async () => {
  await using registry = await FakeRegistry.start();
  assert.equal(await check(registry, password('any', 'body')), '');
  const { asked } = wantTokens(registry, { anonymous: false });
  assert.equal(await check(registry, password('user', 'secret')), 'lasting');
  assert.ok(asked.every((line) => line.startsWith('GET user s')));
  await assert.rejects(
    check(registry, password('user', 'wrong')),
    fails('REGISTRY_DENIED', /^Cannot log in to '127\.0\.0\.1:\d+': /),
  );
  const right = basicOf('user', 'secret');
  registry.instead = (request, response) =>
    request.headers.authorization !== right &&
    refuse(response, 401, 'UNAUTHORIZED', { 'www-authenticate': 'Basic realm="r"' });
  assert.equal(await check(registry, password('user', 'secret')), '');
  await assert.rejects(check(registry, password('user', 'wrong')), fails('REGISTRY_DENIED', /refuses/));
});
