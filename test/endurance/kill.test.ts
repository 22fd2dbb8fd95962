// Kills likerd with SIGKILL at random moments under load, then accounts for everything. LIKER_KILLS sets the number of kills.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Container } from '../../proto/gen/types/liker/v1/Container.ts';
import { allEvents } from '../harness/events.ts';
import { likerctl } from '../harness/likerctl.ts';
import { suite } from '../harness/suite.ts';
import { carryOut } from './carry-out.ts';
import { expectedLog, insist, readLog } from './ledger.ts';
import { type Load, newLoad } from './load.ts';

const kills = Number(process.env['LIKER_KILLS'] ?? 8);
/** One deadline for the whole test, so that a hang is reported as one. */
const patience = { timeout: 120_000 + kills * 10_000 };

const s = suite();

test(`nothing is lost when likerd is killed ${kills} times under load`, patience, async () => {
  const load = newLoad({ daemon: s.daemon, rootfs: s.rootfs, keep: true });
  using _api = load.api;
  const all = carryOut(load);
  all.catch(() => {});
  for (let kill = 0; kill < kills && !load.over; kill++) {
    await sleep(randomInt(10, 500));
    await s.daemon.kill9();
    await s.daemon.start();
    // Otherwise a busy machine would kill each daemon before it has answered any call.
    await insist(() => load.api.call((done) => load.api.system.GetVersion({}, done)));
  }
  load.over = true;
  await all;
  await account(load);
});

/** Every container is as the ledger says, every event number occurs once, and after removal nothing is left on the host. */
async function account({ api, kept, removed, unsure, seen }: Load): Promise<void> {
  for (const expected of kept.values()) {
    const { container } = await insist(() =>
      api.call<{ container: Container | null }>((done) =>
        api.containers.GetContainer({ container: expected.name }, done),
      ),
    );
    assert.equal(container?.state, 'CONTAINER_STATE_EXITED', expected.name);
    assert.equal(container?.exit?.code, expected.code, expected.name);
    assert.equal(await readLog(api, expected.name), expectedLog(expected), expected.name);
  }
  const events = await allEvents(api);
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map((_, index) => index + 1),
  );
  // The subscriber got each of them, too.
  const followed = events.slice(Number(seen[0]) - 1, seen.at(-1)).map(({ seq }) => seq);
  assert.deepEqual(seen, followed);
  assert.ok(seen.length > kept.size, `${seen.length} events were followed`);
  for (const name of [...kept.keys(), ...removed]) {
    const actions = events.flatMap((event) => (event.containerName === name ? [event.action] : []));
    const life = actions.filter((action) => ['create', 'start', 'die', 'destroy'].includes(action));
    // A restart whose answer was lost is repeated.
    const runs = name.startsWith('stopped-') ? '{2,}' : '';
    const wanted = `^create( start die)${runs}${removed.has(name) ? ' destroy' : ''}$`;
    assert.match(life.join(' '), new RegExp(wanted), name);
  }
  const names = await likerctl(s.daemon, ['ps', '-a', '--format', '{{.Names}}']);
  const left = names.stdout.split('\n').filter((name) => name !== '' && !unsure.has(name));
  const surplus = left.filter((name) => !kept.has(name));
  const told = events.filter(({ containerName }) => surplus.includes(containerName ?? ''));
  assert.deepEqual(surplus, [], `Left over: ${JSON.stringify(told)}`);
  assert.deepEqual(left.sort(), [...kept.keys()].sort());
  assert.deepEqual(await s.daemon.empty(), {});
}
