import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePlatform } from '../oci/platform.ts';
import {
  FakeRegistry,
  fails,
  indexType,
  manifestType,
  never,
  refuse,
  repositoryAt,
} from './test/fake-registry.ts';

const amd64 = parsePlatform('linux/amd64', 'platform');

test('a tag is resolved by HEAD, and its manifest is fetched by digest', async () => {
  await using registry = await FakeRegistry.start();
  const image = registry.addImage('1');
  const resolved = await repositoryAt(registry, 'a/b:1').resolve(amd64, never);
  assert.equal(resolved.digest, image.digest);
  assert.equal(resolved.manifest.digest, image.digest);
  assert.deepEqual(resolved.indexes, []);
  assert.deepEqual(registry.lines, ['HEAD /v2/a/b/manifests/1', `GET /v2/a/b/manifests/${image.digest}`]);
  for (const { headers } of registry.seen) {
    assert.ok(
      headers.accept?.split(', ').includes('application/vnd.docker.distribution.manifest.list.v2+json'),
    );
  }
});

test('a name without a tag means latest, and one with a digest is not asked for', async () => {
  await using registry = await FakeRegistry.start();
  const image = registry.addImage('latest');
  assert.equal(await repositoryAt(registry, 'x').digest(never), image.digest);
  assert.equal(await repositoryAt(registry, `x:other@${image.digest}`).digest(never), image.digest);
  assert.deepEqual(registry.lines, ['HEAD /v2/x/manifests/latest']);
});

test('where HEAD does not tell the digest, it is computed from the bytes, which are fetched once', async () => {
  await using registry = await FakeRegistry.start();
  const image = registry.addImage('1');
  registry.instead = (request, response, url) => {
    const found = registry.manifests.get('1');
    if (!url.pathname.endsWith('/1') || found === undefined) return false;
    if (request.method === 'HEAD') return refuse(response, 405, 'UNSUPPORTED');
    response.writeHead(200, { 'content-type': `${found.mediaType}; charset=utf-8` }).end(found.bytes);
    return true;
  };
  const resolved = await repositoryAt(registry, 'x:1').resolve(amd64, never);
  assert.equal(resolved.digest, image.digest);
  assert.deepEqual(registry.lines, ['HEAD /v2/x/manifests/1', 'GET /v2/x/manifests/1']);
});

test('the manifest for a platform is found through nested indexes', async () => {
  await using registry = await FakeRegistry.start();
  const image = registry.addImage();
  const inner = registry.addDocument(
    { manifests: [{ ...image, platform: { os: 'linux', architecture: 'amd64' } }] },
    indexType,
  );
  const outer = registry.addDocument({ manifests: [inner] }, indexType, 'latest');
  const { digest, manifest, indexes } = await repositoryAt(registry, 'x').resolve(amd64, never);
  assert.equal(digest, outer.digest);
  assert.equal(manifest.digest, image.digest);
  assert.deepEqual(
    indexes.map((index) => index.digest),
    [outer.digest, inner.digest],
  );
  const arm = repositoryAt(registry, 'x').resolve(parsePlatform('arm64', 'p'), never);
  await assert.rejects(
    arm,
    fails('PLATFORM_MISSING', /'127\.0\.0\.1:\d+\/x' has no image for linux\/arm64: it has linux\/amd64/),
  );
});

test('other bytes than those of the digest, or of another size, are refused', async () => {
  await using registry = await FakeRegistry.start();
  const image = registry.addImage('1');
  const other = registry.addDocument({ other: true }, manifestType);
  const bytes = registry.manifests.get(other.digest)?.bytes ?? Buffer.alloc(0);
  registry.manifests.set(image.digest, { mediaType: manifestType, bytes });
  const repository = repositoryAt(registry, 'x');
  await assert.rejects(
    repository.document(image, never),
    fails('BAD_IMAGE', new RegExp(`${other.digest} in place of ${image.digest}`)),
  );
  const wrongSize = { digest: other.digest, mediaType: '', size: 1 };
  await assert.rejects(repository.document(wrongSize, never), fails('BAD_IMAGE', /sent 14 bytes/));
});

test('a manifest without end is not read to its end', async () => {
  await using registry = await FakeRegistry.start();
  registry.instead = (request, response) => {
    if (request.method !== 'GET') return false;
    const more = (): void => {
      while (response.write(Buffer.alloc(64 * 1024)));
    };
    response.writeHead(200, { 'content-type': manifestType }).on('drain', more);
    more();
    return true;
  };
  const endless = { digest: `sha256:${'a'.repeat(64)}`, mediaType: '' };
  await assert.rejects(
    repositoryAt(registry, 'x').document(endless, never),
    fails('BAD_IMAGE', /more than 4194304 bytes/),
  );
});

test("Docker's schema 1 is refused by its name, though no GET by its digest finds it", async () => {
  await using registry = await FakeRegistry.start();
  registry.instead = (request, response, url) => {
    if (!url.pathname.endsWith('/old')) return false;
    const mediaType = 'application/vnd.docker.distribution.manifest.v1+prettyjws';
    response.writeHead(200, {
      'content-type': mediaType,
      'docker-content-digest': `sha256:${'1'.repeat(64)}`,
    });
    response.end(request.method === 'HEAD' ? undefined : '{"schemaVersion":1,"fsLayers":[]}');
    return true;
  };
  await assert.rejects(repositoryAt(registry, 'x:old').resolve(amd64, never), fails('BAD_IMAGE', /schema 1/));
});

test('what a registry does not have, or cannot give at the moment, is told with its words', async () => {
  await using registry = await FakeRegistry.start();
  const { host } = registry;
  await assert.rejects(
    repositoryAt(registry, 'a/b:nope').resolve(amd64, never),
    fails('IMAGE_NOT_FOUND', new RegExp(`^Cannot get '${host}/a/b:nope': ${host} has nothing by this name$`)),
  );
  const missing = { digest: `sha256:${'a'.repeat(64)}`, mediaType: '' };
  await assert.rejects(
    repositoryAt(registry, 'x').document(missing, never),
    fails('IMAGE_NOT_FOUND', /manifest unknown/),
  );
  registry.instead = (_request, response) => refuse(response, 400, 'NAME_INVALID');
  await assert.rejects(
    repositoryAt(registry, 'x').document(missing, never),
    fails('REGISTRY_REFUSED', /answers 400 \(name invalid\)/),
  );
});

test('a server that fails for the moment is asked again', async () => {
  await using registry = await FakeRegistry.start();
  const image = registry.addImage('1');
  let failures = 2;
  registry.instead = (_request, response) => failures-- > 0 && refuse(response, 503, 'UNAVAILABLE');
  assert.equal(await repositoryAt(registry, 'x:1').digest(never), image.digest);
  assert.equal(registry.lines.length, 3);
  registry.instead = (_request, response) => refuse(response, 502, 'BAD_GATEWAY');
  await assert.rejects(
    repositoryAt(registry, 'x:1').digest(never),
    fails('REGISTRY_UNREACHABLE', /answers 502/),
  );
  assert.equal(registry.lines.length, 7);
});

test('a server that drops connections is asked again, one that is not there is not', async () => {
  await using registry = await FakeRegistry.start();
  const image = registry.addImage('1');
  let drops = 2;
  registry.instead = (request) => {
    if (drops-- <= 0) return false;
    request.socket.destroy();
    return true;
  };
  assert.equal(await repositoryAt(registry, 'x:1').digest(never), image.digest);
  const { host } = registry;
  await registry[Symbol.asyncDispose]();
  await assert.rejects(
    repositoryAt({ host }, 'x').digest(never),
    fails(
      'REGISTRY_UNREACHABLE',
      new RegExp(`^Cannot get '${host}/x': ${host}: ECONNREFUSED: nothing listens there`),
    ),
  );
});

test('a server that does not answer is given up', async () => {
  await using registry = await FakeRegistry.start();
  registry.instead = () => true;
  const repository = repositoryAt(registry, 'x', {}, { timing: { stallMs: 50 } });
  await assert.rejects(repository.digest(never), fails('REGISTRY_UNREACHABLE', /no answer for 0\.05 s/));
});

test('a call that is cancelled ends at once', async () => {
  await using registry = await FakeRegistry.start();
  const gone = new AbortController();
  registry.instead = () => {
    gone.abort();
    return true;
  };
  const repository = repositoryAt(registry, 'x', {}, { timing: { stallMs: 60_000 } });
  await assert.rejects(repository.digest(gone.signal), fails('CANCELLED', /cancelled/));
});
