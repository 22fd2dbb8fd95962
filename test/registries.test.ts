// The client for registries beside Debian's docker-registry, with skopeo as another maker and reader of what is there.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { digestOf } from '../common/digest.ts';
import { hasReason } from '../common/errors.ts';
import { parseImageName } from '../common/image-name.ts';
import { ownPlatform } from '../daemon/oci/platform.ts';
import type { Credentials, Repository } from '../daemon/registry/api.ts';
import { openRegistries } from '../daemon/registry/registries.ts';
import { DockerRegistry } from './harness/docker-registry.ts';
import { requiresProgram } from './harness/requires.ts';

const needs = { ...requiresProgram('docker-registry', 'skopeo', 'openssl'), timeout: 120_000 };
const execute = promisify(execFile);
const never = new AbortController().signal;
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const user: Credentials = { username: 'user', password: 'secret', identityToken: '', registryToken: '' };

/** An OCI layout with an image of one layer of 3 MB, and what else a test needs. */
class Layout implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'liker-layout-'));
  readonly path = join(this.folder, 'layout');
  readonly #archive = randomBytes(3_000_000);
  // skopeo compresses what is not, and so changes the manifest.
  readonly layer = gzipSync(this.#archive);
  readonly config: Buffer;
  readonly manifest: Buffer;

  constructor() {
    mkdirSync(join(this.path, 'blobs/sha256'), { recursive: true });
    const platform = { os: 'linux', architecture: ownPlatform().architecture };
    const rootfs = { type: 'layers', diff_ids: [digestOf(this.#archive)] };
    this.config = Buffer.from(JSON.stringify({ ...platform, rootfs, config: {} }));
    const config = this.#add(this.config, 'application/vnd.oci.image.config.v1+json');
    const layers = [this.#add(this.layer, 'application/vnd.oci.image.layer.v1.tar+gzip')];
    this.manifest = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers }),
    );
    const descriptor = this.#add(this.manifest, manifestType);
    writeFileSync(join(this.path, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    writeFileSync(
      join(this.path, 'index.json'),
      JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }),
    );
  }

  #add(bytes: Buffer, mediaType: string) {
    const digest = digestOf(bytes);
    writeFileSync(join(this.path, 'blobs/sha256', digest.slice(7)), bytes);
    return { mediaType, digest, size: bytes.length };
  }

  async push(to: string, ...options: string[]): Promise<void> {
    await execute('skopeo', [
      'copy',
      '--dest-tls-verify=false',
      ...options,
      `oci:${this.path}`,
      `docker://${to}`,
    ]);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

function open(
  name: string,
  credentials: Credentials | null = null,
  folder = '/does/not/exist',
): Repository & Disposable {
  const registries = openRegistries({ folder, env: {}, timing: { pauseMs: 1 } });
  const repository = registries.open(parseImageName(name, 'name'), { credentials, insecure: false });
  return Object.assign(repository, { [Symbol.dispose]: () => registries[Symbol.dispose]() });
}

/** Downloads an image's layer, of which the first bytes are there already, and compares all with what skopeo has pushed. */
async function isEqual(repository: Repository, layout: Layout): Promise<void> {
  const { digest, manifest } = await repository.resolve(ownPlatform(), never);
  assert.equal(digest, digestOf(layout.manifest));
  assert.ok(manifest.bytes.equals(layout.manifest));
  const { config, layers } = manifest.content;
  assert.equal(digestOf(await repository.blob(config, never)), config.digest);
  const [layer] = layers;
  assert.ok(layer);
  const file = join(layout.folder, 'layer');
  writeFileSync(file, layout.layer.subarray(0, 1_000_000));
  const fd = openSync(file, 'r+');
  try {
    await repository.download(layer, { fd, offset: 1_000_000, onBytes: () => {} }, never);
  } finally {
    closeSync(fd);
  }
  assert.ok(readFileSync(file).equals(layout.layer));
}

test('what skopeo has pushed is resolved and downloaded, equal by digest', needs, async () => {
  await using registry = await DockerRegistry.start();
  using layout = new Layout();
  await layout.push(`${registry.host}/team/app:1`);
  using repository = open(`${registry.host}/team/app:1`);
  await isEqual(repository, layout);
  using other = open(`${registry.host}/team/app:2`);
  await assert.rejects(other.digest(never), (error) => hasReason(error, 'IMAGE_NOT_FOUND'));
});

test(
  'what is pushed is there for skopeo, byte for byte; a second repository gets it without an upload',
  needs,
  async () => {
    await using registry = await DockerRegistry.start();
    using layout = new Layout();
    const push = async (name: string, from: string | null): Promise<void> => {
      using repository = open(`${registry.host}/${name}`);
      for (const bytes of [layout.layer, layout.config]) {
        const digest = digestOf(bytes);
        const mounted =
          from !== null &&
          (await repository.mount(digest, parseImageName(`${registry.host}/${from}`, 'from'), never));
        assert.equal(mounted, from !== null);
        assert.equal(await repository.hasBlob(digest, never), mounted);
        if (mounted) continue;
        const read = async function* (offset: number) {
          yield bytes.subarray(offset);
        };
        await repository.upload({ digest, size: bytes.length }, read, never);
      }
      const document = { bytes: layout.manifest, digest: digestOf(layout.manifest), mediaType: manifestType };
      await repository.putDocument(document, 'pushed', never);
    };
    await push('one', null);
    await push('two', 'one');
    for (const name of ['one', 'two']) {
      const to = join(layout.folder, name);
      await execute('skopeo', [
        'copy',
        '--src-tls-verify=false',
        `docker://${registry.host}/${name}:pushed`,
        `dir:${to}`,
      ]);
      assert.ok(readFileSync(join(to, 'manifest.json')).equals(layout.manifest));
      assert.ok(readFileSync(join(to, digestOf(layout.layer).slice(7))).equals(layout.layer));
    }
  },
);

test('an upload whose digest is wrong fails, and leaves nothing', needs, async () => {
  await using registry = await DockerRegistry.start();
  using repository = open(`${registry.host}/x`);
  const blob = { digest: `sha256:${'a'.repeat(64)}`, size: 3 };
  const read = async function* () {
    yield Buffer.from('abc');
  };
  await assert.rejects(repository.upload(blob, read, never), (error) => hasReason(error, 'REGISTRY_REFUSED'));
  assert.equal(await repository.hasBlob(blob.digest, never), false);
});

test('basic authentication and TLS with an authority of its own', needs, async () => {
  using layout = new Layout();
  const [cert, key] = [join(layout.folder, 'server.crt'), join(layout.folder, 'server.key')];
  const certificate = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=registry',
  ];
  const names = ['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert];
  execFileSync('openssl', ['req', '-x509', ...certificate, ...names], { stdio: 'pipe' });
  await using registry = await DockerRegistry.start({ auth: true, tls: { cert, key } });
  await layout.push(`${registry.host}/x:1`, '--dest-creds=user:secret');
  const certs = join(layout.folder, 'certs.d');
  mkdirSync(join(certs, registry.host), { recursive: true });
  writeFileSync(
    join(certs, registry.host, 'hosts.toml'),
    `server = "https://${registry.host}"\nca = "${cert}"`,
  );

  using repository = open(`${registry.host}/x:1`, user, certs);
  await isEqual(repository, layout);
  const denied = (error: unknown): boolean => hasReason(error, 'REGISTRY_DENIED');
  using nobody = open(`${registry.host}/x:1`, null, certs);
  await assert.rejects(nobody.digest(never), denied);
  using other = open(`${registry.host}/x:1`, { ...user, password: 'guess' }, certs);
  await assert.rejects(other.digest(never), denied);
  writeFileSync(join(certs, registry.host, 'hosts.toml'), `server = "https://${registry.host}"`);
  using untrusting = open(`${registry.host}/x:1`, user, certs);
  await assert.rejects(untrusting.digest(never), /not from an authority that this machine trusts/);
});
