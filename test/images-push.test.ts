// Images go to Debian's docker-registry, where skopeo looks at them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { digestOf } from '../common/digest.ts';
import { DockerRegistry } from './harness/docker-registry.ts';
import { layerOf, makeImage, type TestImage, writeLayout } from './harness/images.ts';
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
  const folder = s.folder(name.replaceAll(/[/:]/g, '-'));
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
});
