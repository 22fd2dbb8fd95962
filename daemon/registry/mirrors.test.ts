import assert from 'node:assert/strict';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Access, Repository } from './api.ts';
import { FakeRegistry, fails, never, password, refuse, repositoryAt } from './test/fake-registry.ts';

/** A folder with a hosts.toml for a registry. */
class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'liker-mirrors-'));

  constructor(registry: string, text: string) {
    mkdirSync(join(this.path, registry));
    writeFileSync(join(this.path, registry, 'hosts.toml'), text);
  }

  repository(registry: string, name: string, access: Partial<Access> = {}): Repository {
    return repositoryAt({ host: registry }, name, access, { folder: this.path });
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

test('a mirror is asked first, with the name of the registry, and the registry when it has not got it', async () => {
  await using mirror = await FakeRegistry.start();
  await using server = await FakeRegistry.start();
  const text = `server = "http://${server.host}"\n[host."http://${mirror.host}"]\n[host."http://${mirror.host}".header]\nx-key = "k"`;
  using folder = new Folder('r.example.com', text);
  const there = mirror.addImage('there');
  const here = server.addImage('here');
  server.addImage('there');
  assert.equal(await folder.repository('r.example.com', 'x:there').digest(never), there.digest);
  assert.deepEqual(mirror.lines, ['HEAD /v2/x/manifests/there?ns=r.example.com']);
  assert.equal(mirror.seen[0]?.headers['x-key'], 'k');
  assert.deepEqual(server.lines, []);
  assert.equal(await folder.repository('r.example.com', 'x:here').digest(never), here.digest);
  assert.deepEqual(server.lines, ['HEAD /v2/x/manifests/here']);
  assert.equal(server.seen[0]?.headers['x-key'], undefined);
});

test('a mirror that fails in any way is passed over, and named when nothing helps', async () => {
  await using mirror = await FakeRegistry.start();
  await using server = await FakeRegistry.start();
  const gone = '127.0.0.1:1';
  const text = `server = "http://${server.host}"\n[host."http://${gone}"]\n[host."http://${mirror.host}"]`;
  using folder = new Folder('r.example.com', text);
  const image = server.addImage('1');
  const repository = folder.repository('r.example.com', 'x:1');
  const answers = [500, 401, 403, 429, 400];
  for (const status of answers) {
    mirror.instead = (_request, response) => refuse(response, status, 'MIRROR');
    assert.equal(await repository.digest(never), image.digest, String(status));
  }
  // Wrong bytes are a failure like any other.
  mirror.instead = (_request, response) => !!response.end('nonsense');
  assert.equal(
    (await repository.document({ digest: image.digest, mediaType: '' }, never)).digest,
    image.digest,
  );
  const config = server.addBlob('configuration');
  assert.equal(String(await repository.blob(config, never)), 'configuration');
  server.instead = (_request, response) => refuse(response, 404, 'MANIFEST_UNKNOWN');
  await assert.rejects(
    repository.document({ digest: image.digest, mediaType: '' }, never),
    fails(
      'IMAGE_NOT_FOUND',
      /manifest unknown\); before that, its mirrors: 127.0.0.1:1: ECONNREFUSED[^;]*; [^;]*; 127\S+ sent 8 bytes/,
    ),
  );
});

test('hosts are only asked for what they can do', async () => {
  await using mirror = await FakeRegistry.start();
  await using server = await FakeRegistry.start();
  const text = `server = "http://${server.host}"\ncapabilities = ["resolve"]\n[host."http://${mirror.host}"]\ncapabilities = ["pull"]`;
  using folder = new Folder('r.example.com', text);
  const image = mirror.addImage('1');
  server.addImage('1');
  const repository = folder.repository('r.example.com', 'x:1');
  await repository.document({ digest: await repository.digest(never), mediaType: '' }, never);
  assert.deepEqual(server.lines, ['HEAD /v2/x/manifests/1']);
  assert.deepEqual(mirror.lines, [`GET /v2/x/manifests/${image.digest}?ns=r.example.com`]);
  await assert.rejects(
    repository.hasBlob(image.digest, never),
    fails('REGISTRY_MISCONFIGURED', /no host of 'r\.example\.com' has the capability 'push'/),
  );
});

test('a mirror sees no credentials', async () => {
  await using mirror = await FakeRegistry.start();
  await using server = await FakeRegistry.start();
  using folder = new Folder(
    'r.example.com',
    `server = "http://${server.host}"\n[host."http://${mirror.host}"]`,
  );
  for (const host of [mirror, server]) {
    host.instead = (request, response) =>
      request.headers.authorization === undefined &&
      refuse(response, 401, 'UNAUTHORIZED', { 'www-authenticate': 'Basic realm="r"' });
  }
  server.addImage('1');
  const credentials = password('user', 'secret');
  await folder.repository('r.example.com', 'x:1', { credentials }).digest(never);
  assert.ok(
    mirror.lines.length > 0 && mirror.seen.every(({ headers }) => headers.authorization === undefined),
  );
  assert.notEqual(server.seen.at(-1)?.headers.authorization, undefined);
});

test('a download that a mirror has begun is continued at the next host', async () => {
  await using mirror = await FakeRegistry.start();
  await using server = await FakeRegistry.start();
  using folder = new Folder(
    'r.example.com',
    `server = "http://${server.host}"\n[host."http://${mirror.host}"]`,
  );
  const blob = server.addBlob(Buffer.alloc(100_000, 'x'));
  let asked = 0;
  mirror.instead = (request, response) => {
    asked += 1;
    if (asked > 1) return refuse(response, 404, 'BLOB_UNKNOWN');
    response.writeHead(200, { 'content-length': 100_000 });
    response.write(Buffer.alloc(40_000, 'x'), () => setImmediate(() => request.socket.destroy()));
    return true;
  };
  const file = join(folder.path, 'blob');
  const fd = openSync(file, 'w');
  try {
    const download = { fd, offset: 0, onBytes: () => {} };
    await folder.repository('r.example.com', 'x').download(blob, download, never);
  } finally {
    closeSync(fd);
  }
  assert.equal(readFileSync(file, 'utf8'), 'x'.repeat(100_000));
  assert.equal(server.seen[0]?.headers.range, 'bytes=40000-');
});
