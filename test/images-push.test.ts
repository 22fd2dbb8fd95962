// Images go to Debian's docker-registry, where skopeo looks at them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { digestOf } from '../common/digest.ts';
import { DockerRegistry } from './harness/docker-registry.ts';
import { layerOf, makeImage, type TestImage, writeDockerArchive, writeLayout } from './harness/images.ts';
import { requiresProgram } from './harness/requires.ts';
import { suite } from './harness/suite.ts';

const s = suite();
let registry: DockerRegistry;

/** What is stored under a name, by skopeo. */
function manifestAt(name: string): Buffer {
  return execFileSync('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${name}`]);
}

function parsed(bytes: Buffer) {
  return JSON.parse(bytes.toString());
}

/** Bytes that gzip cannot make smaller. */
function image(...names: readonly string[]): TestImage {
  return makeImage(names.map((name) => layerOf({ [name]: randomBytes(100_000) })));
}

/** Puts an image into a registry by skopeo, as it is. */
function publish(made: TestImage, name: string): void {
  const folder = s.folder(folderOf(name));
  writeLayout(folder, made, 'x:x');
  execFileSync(
    'skopeo',
    ['copy', '-q', '--preserve-digests', '--dest-tls-verify=false', `oci:${folder}:x:x`, `docker://${name}`],
    { stdio: 'pipe' },
  );
}

const shortOf = (digest: string): string => digest.slice('sha256:'.length, 'sha256:'.length + 12);

describe('push', { skip: requiresProgram('docker-registry', 'skopeo').skip }, () => {
  before(async () => {
    registry = await DockerRegistry.start();
  });
  after(() => registry[Symbol.asyncDispose]());

  test('what was pulled goes to another repository of its registry unchanged, and no layer is sent', async () => {
    const made = image('a', 'b');
    publish(made, `${registry.host}/first:1`);
    await s.ok(['pull', '-q', `${registry.host}/first:1`]);
    const name = `${registry.host}/second/deep:2`;
    await s.ok(['tag', `${registry.host}/first:1`, name]);
    const lines = (await s.ok(['push', name])).split('\n');
    const digest = digestOf(made.manifest);
    assert.equal(lines[0], `The push refers to repository [${registry.host}/second/deep]`);
    assert.deepEqual(
      lines.slice(1, 3).toSorted(),
      made.layers.map(({ diffId }) => `${shortOf(diffId)}: Mounted from ${registry.host}/first`).toSorted(),
    );
    assert.equal(lines[3], `2: digest: ${digest} size: ${made.manifest.length}`);
    assert.deepEqual(manifestAt(name), made.manifest);
    assert.equal(await s.ok(['push', '-q', name]), name);
    const again = await s.ok(['push', name]);
    for (const { diffId } of made.layers)
      assert.ok(again.includes(`${shortOf(diffId)}: Layer already exists`));
    // It is known by its digest there, as after a pull.
    const digests = await s.ok(['image', 'inspect', '-f', '{{join .RepoDigests " "}}', name]);
    assert.deepEqual(digests.split(' '), [
      `${registry.host}/first@${digest}`,
      `${registry.host}/second/deep@${digest}`,
    ]);
    await s.ok(['rmi', '-f', made.id]);
  });

  test('all tags of a repository are pushed, and those of others are not', async () => {
    const [one, two] = [image('c'), image('d')];
    const repository = `${registry.host}/tags`;
    for (const [made, tag] of [
      [one, 'one'],
      [two, 'two'],
    ] as const) {
      publish(made, `${registry.host}/source-${tag}:${tag}`);
      await s.ok(['pull', '-q', `${registry.host}/source-${tag}:${tag}`]);
      await s.ok(['tag', made.id, `${repository}:${tag}`]);
    }
    assert.equal(await s.ok(['push', '-aq', repository]), `${repository}:one\n${repository}:two`);
    assert.equal(parsed(manifestAt(`${repository}:one`)).config.digest, one.id);
    assert.equal(parsed(manifestAt(`${repository}:two`)).config.digest, two.id);
    for (const [args, text] of [
      [['-a', `${repository}:one`], /all tags are pushed; leave out this one/],
      [[`${repository}@${one.id}`], /name a tag, not a digest/],
      [[`${repository}:three`], /No such image: '.*\/tags:three'/],
      [['-a', `${registry.host}/none`], /No image has a name in '.*\/none'/],
      [[one.id.slice('sha256:'.length)], /this is the id of an image, which names no repository/],
    ] as const) {
      const { code, stderr } = await s.likerctl(['push', ...args]);
      assert.match(stderr, text);
      assert.notEqual(code, 0);
    }
    await s.ok(['rmi', '-f', one.id, two.id]);
  });

  test('to another registry archives are made again, as the same image, and only once', async () => {
    await using other = await DockerRegistry.start();
    const base = layerOf({ base: randomBytes(100_000) });
    const [one, two] = [makeImage([base, layerOf({ e: 'e' })]), makeImage([base, layerOf({ f: 'f' })])];
    for (const [made, from] of [
      [one, 'one'],
      [two, 'two'],
    ] as const) {
      publish(made, `${registry.host}/${from}:1`);
      await s.ok(['pull', '-q', `${registry.host}/${from}:1`]);
      await s.ok(['tag', made.id, `${other.host}/${from}:1`]);
    }
    const lines = await s.ok(['push', `${other.host}/one:1`]);
    for (const { diffId } of one.layers) assert.ok(lines.includes(`${shortOf(diffId)}: Pushed`), lines);
    const manifest = manifestAt(`${other.host}/one:1`);
    assert.equal(parsed(manifest).config.digest, one.id);
    assert.ok(lines.endsWith(`1: digest: ${digestOf(manifest)} size: ${manifest.length}`));
    // skopeo checks each digest, and the diff ids of the configuration.
    const copy = s.folder('copy');
    execFileSync('skopeo', [
      'copy',
      '-q',
      '--src-tls-verify=false',
      `docker://${other.host}/one:1`,
      `dir:${copy}`,
    ]);
    const [layer] = parsed(manifest).layers;
    assert.ok(gunzipSync(readFileSync(join(copy, layer.digest.slice(7)))).equals(base));
    // The manifest is known now, and the layer that both images have is in the other repository.
    await s.ok(['tag', one.id, `${other.host}/one:2`]);
    assert.ok((await s.ok(['push', `${other.host}/one:2`])).includes(`2: digest: ${digestOf(manifest)}`));
    const second = await s.ok(['push', `${other.host}/two:1`]);
    const [shared] = two.layers;
    assert.ok(second.includes(`${shortOf(shared?.diffId ?? '')}: Mounted from ${other.host}/one`), second);
    assert.equal(parsed(manifestAt(`${other.host}/two:1`)).layers[0].digest, layer.digest);
    await s.ok(['rmi', '-f', one.id, two.id]);
    await s.ok(['pull', '-q', `${other.host}/two:1`]);
    assert.equal(await s.ok(['images', '-q', '--no-trunc']), two.id);
    await s.ok(['rmi', '-f', two.id]);
  });

  test('the manifest goes to another registry unchanged where archives are kept, or were not compressed', async () => {
    await using other = await DockerRegistry.start();
    const kept = image('g');
    publish(kept, `${registry.host}/kept:1`);
    await s.ok(['pull', '-q', '--keep-blobs', `${registry.host}/kept:1`]);
    const layers = ['h', 'i'].map((name) => {
      const plain = layerOf({ [name]: name });
      return { plain, bytes: plain, digest: digestOf(plain), diffId: digestOf(plain) };
    });
    const plain = withManifest(
      { ...makeImage(layers.map((layer) => layer.plain)), layers },
      ({ digest, bytes }) => ({
        mediaType: 'application/vnd.oci.image.layer.v1.tar',
        digest,
        size: bytes.length,
      }),
    );
    writeLayout(s.folder('plain-1'), plain, 'plain:1');
    await s.ok(['load', '-q', '-i', s.folder('plain-1')]);
    for (const [made, name] of [
      [kept, 'kept'],
      [plain, 'plain'],
    ] as const) {
      await s.ok(['tag', made.id, `${other.host}/${name}:1`]);
      await s.ok(['push', '-q', `${other.host}/${name}:1`]);
      assert.deepEqual(manifestAt(`${other.host}/${name}:1`), made.manifest);
    }
    await s.ok(['rmi', '-f', kept.id, plain.id]);
  });

  test('addresses of ordinary layers, which docker-registry refuses, are left out', async () => {
    const made = image('j');
    const withUrls = withManifest(made, ({ digest, bytes }) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      digest,
      size: bytes.length,
      urls: ['https://example.com/layer'],
    }));
    writeLayout(s.folder('urls-1'), withUrls, 'urls:1');
    await s.ok(['load', '-q', '--keep-blobs', '-i', s.folder('urls-1')]);
    await s.ok(['tag', made.id, `${registry.host}/urls:1`]);
    await s.ok(['push', '-q', `${registry.host}/urls:1`]);
    const { layers, config } = parsed(manifestAt(`${registry.host}/urls:1`));
    assert.equal(config.digest, made.id);
    assert.deepEqual(layers, parsed(made.manifest).layers);
    await s.ok(['rmi', '-f', made.id]);
  });

  test("what only Docker's images have makes a manifest of Docker's kind", async () => {
    const health = makeImage([layerOf({ k: 'k' })], { config: { Healthcheck: { Test: ['CMD', 'true'] } } });
    const folder = s.folder('health');
    writeDockerArchive(folder, health, [`${registry.host}/health:1`]);
    await s.ok(['load', '-q', '-i', folder]);
    await s.ok(['push', '-q', `${registry.host}/health:1`]);
    const { mediaType, config } = parsed(manifestAt(`${registry.host}/health:1`));
    assert.equal(mediaType, 'application/vnd.docker.distribution.manifest.v2+json');
    assert.equal(config.digest, health.id);
    await s.ok(['rmi', '-f', health.id]);
  });

  test('a registry that wants a password gets that of the user, and a refusal is told', async () => {
    await using closed = await DockerRegistry.start({ auth: true });
    const made = image('l');
    const name = `${closed.host}/closed:1`;
    writeLayout(s.folder(folderOf(name)), made, name);
    await s.ok(['load', '-q', '-i', s.folder(folderOf(name))]);
    const env = { DOCKER_CONFIG: s.folder('docker-config') };
    const refused = await s.likerctl(['push', name], { env });
    assert.match(refused.stderr, /gives no access without credentials/);
    assert.notEqual(refused.code, 0);
    const server = { auth: Buffer.from('user:secret').toString('base64') };
    writeFileSync(
      join(env.DOCKER_CONFIG, 'config.json'),
      JSON.stringify({ auths: { [closed.host]: server } }),
    );
    assert.equal(await s.ok(['push', '-q', name], { env }), name);
    await s.ok(['rmi', '-f', made.id]);
  });
});

function folderOf(name: string): string {
  return name.replaceAll(/[/:]/g, '-');
}

function withManifest(made: TestImage, layerOf: (layer: TestImage['layers'][number]) => object): TestImage {
  const manifest = { ...parsed(made.manifest), layers: made.layers.map(layerOf) };
  return { ...made, manifest: Buffer.from(JSON.stringify(manifest)) };
}
