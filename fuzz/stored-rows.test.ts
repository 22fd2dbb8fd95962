// One value in the database is not what likerd has written. The next likerd starts, containers whose rows are whole are as they
// were, and a call about the damaged one is answered, or refused with a reason.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { digestOf } from '../common/digest.ts';
import { definitions } from '../daemon/api/liker/definitions.ts';
import { formatContainer } from '../daemon/api/liker/format/container.ts';
import { formatExit } from '../daemon/api/liker/format/process.ts';
import { timestampOfMs } from '../daemon/api/liker/format/time.ts';
import type { Container } from '../daemon/engine/containers/model/container.ts';
import { removeContainer } from '../daemon/engine/containers/verbs/remove.ts';
import { startContainer } from '../daemon/engine/containers/verbs/start.ts';
import { containerView } from '../daemon/engine/containers/view.ts';
import { imageService } from '../daemon/engine/images/service.ts';
import { requestKey, resultOf } from '../daemon/engine/journal/requests.ts';
import { networkService } from '../daemon/engine/networks/service.ts';
import { volumeService } from '../daemon/engine/volumes/service.ts';
import { EngineFixture } from '../daemon/test/engine-fixture.ts';
import { damage, imageTables } from './damage.ts';
import { acceptedLater, holdsLater } from './property.ts';
import { Random } from './random.ts';

const request = requestKey('first', 'update', 'web');

type Before = Pick<Container, 'id' | 'name' | 'spec' | 'phase'>;

const diffId = digestOf(Buffer.from('a layer'));
const imageName = 'docker.io/library/debian:latest';

/** An image with a layer that is unpacked, a name and a digest. */
async function addImage({ context: { images } }: EngineFixture): Promise<void> {
  const { content, ledger, layers } = images;
  const createdAt = Date.now();
  const bytes = [{ rootfs: { type: 'layers', diff_ids: [diffId] } }, { manifests: [] }].map((document) =>
    Buffer.from(JSON.stringify(document)),
  );
  const [id = '', manifest = ''] = await Promise.all(bytes.map((each) => content.write(each)));
  const draft = await layers.begin();
  writeFileSync(layers.recipeDraft(draft), '');
  await layers.commit(draft, diffId, () => {});
  const archive = await content.write(Buffer.from('an archive'));
  ledger.addLayer({
    layer: { diffId, size: 1, createdAt },
    recipeSize: 1,
    archives: [{ digest: archive, size: 1, createdAt }],
  });
  ledger.addImage({
    image: { id, createdAt },
    diffIds: [diffId],
    blobs: [id, manifest].map((digest) => ({ digest, size: 1, createdAt })),
    manifests: [manifest],
    digests: [{ repository: 'docker.io/library/debian', digest: manifest }],
    names: [imageName],
  });
}

/** A file in a volume. */
const valuable = ({ context }: Pick<EngineFixture, 'context'>): string =>
  join(context.volumes.folderOf('data'), 'valuable');

/** Containers in several phases, and something in each table. Returns the containers, and the id of one that was removed. */
async function populate(engine: EngineFixture): Promise<{ before: Before[]; removed: string }> {
  const namespaces = { user: { kind: 'auto' } } as const;
  const healthCheck = { shell: 'true', intervalMs: 3_600_000 };
  const restart = { name: 'always' } as const;
  const web = await engine.started({ name: 'web', namespaces, healthCheck, restart });
  await engine.exec(web);
  const mounts = [{ type: 'volume', volume: 'data', target: '/data' }] as const;
  const db = await engine.started({
    name: 'db',
    namespaces,
    labels: { a: 'b' },
    timeoutSeconds: 3600,
    mounts,
    networks: [{ network: 'bridge' }],
  });
  writeFileSync(valuable(engine), 'kept');
  await addImage(engine);
  const imaged = await engine.started({ name: 'imaged', rootfs: { kind: 'image', name: 'debian' } });
  const ended = await engine.started({ name: 'ended', resources: { pids: { max: 5 } } });
  await engine.ends(ended, { code: 3 });
  const removed = await engine.started({ name: 'removed' });
  await engine.ends(removed);
  await removeContainer(engine.context, removed, { force: false });
  engine.context.ledger.event(web, { action: 'update' }, request);
  const before = [web, db, ended, imaged].map(({ id, name, spec, phase }) => ({ id, name, spec, phase }));
  return { before, removed: removed.id };
}

function isAsItWas({ context, host }: EngineFixture, { id, name, spec, phase }: Before): void {
  const found = context.registry.byName(name);
  assert.ok(found, `${name} is known`);
  assert.deepEqual({ id: found.id, spec: found.spec, phase: found.phase }, { id, spec, phase });
  assert.ok(existsSync(context.folders.of(id).base), `the files of ${name} are there`);
  if (phase.state === 'running') assert.equal(host.shim(id).held.get(0)?.state, 'running', `${name} runs`);
}

const { responseSerialize: list } = definitions.ContainerService.ListContainers;
const { responseSerialize: event } = definitions.EventService.Subscribe;
const { responseSerialize: exit } = definitions.ContainerService.WaitContainer;

/** All that is stored can be told. */
async function tellsAll({ context }: EngineFixture, removed: string): Promise<void> {
  for (const container of context.registry.all())
    assert.ok(list({ containers: [formatContainer(containerView(context, container))] }));
  for (const { seq, time, subject, action, attributes } of context.journal.eventsAfter(0, 1000))
    assert.ok(
      event({ event: { seq, time: timestampOfMs(time), containerId: subject.id, action, attributes } }),
    );
  const ended = context.ledger.removed(removed)?.exit;
  if (ended) assert.ok(exit({ exit: formatExit(ended) }));
  await acceptedLater(async () => resultOf(context.journal, request));
  const images = imageService(context.images);
  for (const { id } of await images.list([])) await acceptedLater(() => images.get(id));
  await volumeService(context).list([], { withSize: false });
  networkService(context).list([]);
}

/** Images and volumes that nobody uses are removed, and nothing else. */
async function prunes({ context, folder }: EngineFixture): Promise<void> {
  const strange = join(folder, 'layers/of-another');
  mkdirSync(strange, { recursive: true });
  await imageService(context.images).prune({ all: true, filters: [] });
  await volumeService(context).prune([], { all: true });
  for (const path of [
    strange,
    join(folder, 'liker.db'),
    join(folder, 'rootfs'),
    join(folder, 'blobs/sha256'),
  ])
    assert.ok(existsSync(path), `${path} is there`);
}

async function survives(engine: EngineFixture, t: Pick<TestContext, 'after'>, random: Random): Promise<void> {
  const { before, removed } = await populate(engine);
  engine.stops();
  const damaged = damage(engine.folder, random);
  if (!damaged) return;
  try {
    const next = await engine.dies(t);
    const isOfImage = imageTables.includes(damaged.table);
    const whole = before.filter(({ id, name }) => id !== damaged.of && !(isOfImage && name === 'imaged'));
    for (const container of whole) isAsItWas(next, container);
    await tellsAll(next, removed);
    const made = await next.create({ name: 'new' });
    await startContainer(next.context, made);
    assert.ok(existsSync(valuable(next)), 'the files of a volume are there');
    await prunes(next);
    const other = next.context.registry.byId(damaged.of);
    if (other) {
      await acceptedLater(() => startContainer(next.context, other));
      await acceptedLater(() => removeContainer(next.context, other, { force: true }));
    }
    for (const container of whole) isAsItWas(next, container);
  } catch (error) {
    throw new Error(damaged.what, { cause: error });
  }
}

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

test('a damaged value costs at most what it is about', async () => {
  const one = async (seed: number) => {
    const undo: (() => void)[] = [];
    const t = { after: (run: () => void) => void undo.push(run) } as Pick<TestContext, 'after'>;
    try {
      await survives(EngineFixture.start(t), t, new Random(seed));
    } finally {
      for (const run of undo.toReversed()) run();
    }
  };
  await holdsLater(seeds, one, 60);
});
