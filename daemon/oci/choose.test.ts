import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../common/digest.ts';
import { hasReason, LikerError } from '../../common/errors.ts';
import { choosePlatform } from './choose.ts';
import { type Document, readDocument } from './document.ts';
import { parsePlatform } from './platform.ts';

const index = 'application/vnd.oci.image.index.v1+json';
const manifest = 'application/vnd.oci.image.manifest.v1+json';
const config = { mediaType: 'c', digest: `sha256:${'c'.repeat(64)}`, size: 1 };

/** Documents that refer to one another by digest. */
class Documents {
  readonly #all = new Map<string, Document>();
  readonly fetched: string[] = [];

  add(value: object, mediaType: string): Document {
    const bytes = Buffer.from(JSON.stringify(value));
    const document = readDocument(bytes, { mediaType, digest: digestOf(bytes), what: 'a test' });
    this.#all.set(document.digest, document);
    return document;
  }

  image(name: string): Document {
    return this.add({ config, layers: [], annotations: { name } }, manifest);
  }

  index(...entries: readonly (readonly [Document, object])[]): Document {
    const manifests = entries.map(([{ digest, mediaType, bytes }, more]) => ({
      digest,
      mediaType,
      size: bytes.length,
      ...more,
    }));
    return this.add({ manifests }, index);
  }

  choose(top: Document, platform: string) {
    return choosePlatform(top, parsePlatform(platform, 'platform'), {
      what: 'a:1',
      fetch: async ({ digest }) => {
        this.fetched.push(digest);
        const document = this.#all.get(digest);
        assert.ok(document);
        return document;
      },
    });
  }
}

function on(platform: string): object {
  const [os, architecture, variant] = platform.split('/');
  return { platform: { os, architecture, ...(variant !== undefined && { variant }) } };
}

test('the manifest of the platform is chosen, and only that is fetched', async () => {
  const documents = new Documents();
  const [amd, arm6, arm7] = ['amd', 'arm6', 'arm7'].map((name) => documents.image(name));
  assert.ok(amd && arm6 && arm7);
  const top = documents.index(
    [arm6, on('linux/arm/v6')],
    [arm7, on('linux/arm/v7')],
    [amd, on('linux/amd64')],
  );
  const chosen = await documents.choose(top, 'linux/arm');
  assert.equal(chosen.manifest.digest, arm7.digest);
  assert.deepEqual(chosen.indexes, [top]);
  assert.deepEqual(documents.fetched, [arm7.digest]);
  assert.equal((await documents.choose(amd, 'linux/arm')).manifest.digest, amd.digest);
});

test('indexes in indexes are searched, whether they say for what or not', async () => {
  const documents = new Documents();
  const [arm, amd] = [documents.image('arm'), documents.image('amd')];
  const inner = documents.index([arm, on('linux/arm64')]);
  const second = documents.index([amd, on('linux/amd64')]);
  const top = documents.index([inner, on('linux/arm64')], [second, {}]);
  const chosen = await documents.choose(top, 'linux/amd64');
  assert.equal(chosen.manifest.digest, amd.digest);
  assert.deepEqual(chosen.indexes, [top, second]);
  assert.deepEqual(documents.fetched, [second.digest, amd.digest]);
  assert.equal((await documents.choose(top, 'linux/arm64')).manifest.digest, arm.digest);
});

test('the error for a missing platform lists those that exist, without attestations', async () => {
  const documents = new Documents();
  const [arm, attestation, signature] = ['arm', 'attestation', 'signature'].map((name) =>
    documents.image(name),
  );
  assert.ok(arm && attestation && signature);
  const inner = documents.index([documents.image('s390'), on('linux/s390x')]);
  const top = documents.index(
    [attestation, on('unknown/unknown')],
    [
      attestation,
      { ...on('linux/amd64'), annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } },
    ],
    [signature, { ...on('linux/amd64'), artifactType: 'application/vnd.dev.sigstore' }],
    [arm, on('linux/arm64/v8')],
    [inner, {}],
  );
  await assert.rejects(documents.choose(top, 'linux/amd64'), (error) => {
    assert.ok(hasReason(error, 'PLATFORM_MISSING') && error instanceof LikerError);
    assert.match(
      error.message,
      /'a:1' has no image for linux\/amd64: it has linux\/arm64, linux\/s390x; choose one with --platform/,
    );
    return true;
  });
  const none = documents.index([attestation, on('unknown/unknown')]);
  await assert.rejects(documents.choose(none, 'linux/amd64'), /it has none at all/);
});

test('a single manifest that does not say what it is for is taken, one of several is not', async () => {
  const documents = new Documents();
  const [one, other] = [documents.image('one'), documents.image('other')];
  const single = documents.index([one, {}], [other, on('unknown/unknown')]);
  assert.equal((await documents.choose(single, 'linux/amd64')).manifest.digest, one.digest);
  const several = documents.index([one, {}], [other, {}]);
  await assert.rejects(documents.choose(several, 'linux/amd64'), (error) =>
    hasReason(error, 'PLATFORM_MISSING'),
  );
});

test('indexes that are nested too deep, or too many, are refused', async () => {
  const documents = new Documents();
  let deep = documents.index([documents.image('deepest'), on('linux/amd64')]);
  for (let level = 1; level < 4; level += 1) deep = documents.index([deep, {}]);
  assert.equal((await documents.choose(deep, 'linux/amd64')).indexes.length, 4);
  await assert.rejects(documents.choose(documents.index([deep, {}]), 'linux/amd64'), (error) =>
    hasReason(error, 'BAD_IMAGE'),
  );
  const many = Array.from(
    { length: 40 },
    (_, n) => [documents.index([documents.image(`${n}`), on('linux/386')]), {}] as const,
  );
  await assert.rejects(documents.choose(documents.index(...many), 'linux/amd64'), (error) =>
    hasReason(error, 'BAD_IMAGE'),
  );
});
