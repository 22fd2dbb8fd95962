// Failures while networks are made, used and removed: if any call of likerd, libliker or the shim fails, or likerd is killed there, the error
// says so, the host has what the records say and nothing else, and the same verb works the next time.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { status } from '@grpc/grpc-js';
import type { Container } from '../proto/gen/types/liker/v1/Container.ts';
import type { Network } from '../proto/gen/types/liker/v1/Network.ts';
import { Api } from './harness/api.ts';
import { Failpoint, type Outcome, type Which } from './harness/failpoints.ts';
import { NetBox } from './harness/net-box.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'lk-cni-'));
const leases = join(folder, 'leases');
mkdirSync(leases);
// It notes each container that it has connected.
writeFileSync(
  join(folder, 'notes'),
  `#!/bin/sh\ncase $CNI_COMMAND in\nADD) touch ${leases}/$CNI_CONTAINERID; echo '{"cniVersion": "1.0.0"}' ;;\nDEL) rm -f ${leases}/$CNI_CONTAINERID ;;\nesac\n`,
  { mode: 0o755 },
);
writeFileSync(
  join(folder, 'notes.conflist'),
  JSON.stringify({ cniVersion: '1.0.0', name: 'notes', plugins: [{ type: 'notes' }] }),
);
const box = await NetBox.open();
const { machine } = box;
const point = new Failpoint();
const s = suite({
  within: machine.within,
  args: ['--default-network', 'bridge', '--cni-config', folder, '--cni-plugins', folder, ...point.args],
  env: point.env,
  preload: point.preload,
});
after(async () => {
  point[Symbol.dispose]();
  await box.close();
  rmSync(folder, { recursive: true });
});

/** Tries every call instead of some of them: `npm run endurance`. */
const all = process.env['LIKER_KILLS'] !== undefined;

/** A killed likerd takes the connection with it. */
async function call<T>(invoke: (api: Api, done: never) => unknown): Promise<T> {
  using api = new Api(s.daemon);
  return await api.call<T>((done) => invoke(api, done as never));
}

async function orNull<T>(found: Promise<T>): Promise<T | null> {
  return found.catch((error: { code?: number }) => {
    if (error.code === status.NOT_FOUND) return null;
    throw error;
  });
}

const network = async (): Promise<Network | null> =>
  (
    await orNull(
      call<{ network: Network }>(({ networks }, done) => networks.GetNetwork({ network: 'net' }, done)),
    )
  )?.network ?? null;
const container = async (): Promise<Container | null> =>
  (
    await orNull(
      call<{ container: Container }>(({ containers }, done) =>
        containers.GetContainer({ container: 'box' }, done),
      ),
    )
  )?.container ?? null;

const createNetwork = async (): Promise<void> => {
  if ((await network()) === null)
    await call(({ networks }, done) => networks.CreateNetwork({ name: 'net' }, done));
};
const removeNetwork = () =>
  call(({ networks }, done) => networks.RemoveNetwork({ network: 'net', force: true }, done));
const removeBox = () =>
  call(({ containers }, done) => containers.RemoveContainer({ container: 'box', force: true }, done)).catch(
    (error: { code?: number }) => {
      if (error.code !== status.NOT_FOUND) throw error;
    },
  );
const connection = { network: 'net', aliases: ['other'] };

/** What an earlier try has done already is not done again. */
async function run(more: object): Promise<void> {
  const spec = s.spec(['sleep', '100000'], {}, { name: 'box', autoRemove: false, ...more });
  if ((await container()) === null)
    await call(({ containers }, done) => containers.CreateContainer({ spec }, done));
  if ((await container())?.state !== 'CONTAINER_STATE_RUNNING')
    await call(({ containers }, done) => containers.StartContainer({ container: 'box' }, done));
}
const ports = [{ containerPort: 80, hostPort: 9300, protocol: 'tcp' }];
const runOnNet = () => run({ networks: [connection], ports });
const runOnCni = () => run({ networks: [{ network: 'cni:notes' }] });
const connected = async (): Promise<boolean> =>
  (await container())?.endpoints.some(({ networkName }) => networkName === 'net') ?? false;
const connect = async (): Promise<void> => {
  if (!(await connected()))
    await call(({ networks }, done) => networks.ConnectNetwork({ container: 'box', connection }, done));
};
const disconnect = () =>
  call(({ networks }, done) =>
    networks.DisconnectNetwork({ container: 'box', network: 'net', force: true }, done),
  );

/** What likerd says that the host has, and what it has. */
async function both(): Promise<readonly [said: object, there: object]> {
  const { networks } = await call<{ networks: Network[] }>((api, done) =>
    api.networks.ListNetworks({}, done),
  );
  const running = await container();
  const isRunning = running?.state === 'CONTAINER_STATE_RUNNING';
  const endpoints = (isRunning ? running.endpoints : []).filter(({ networkId }) => !networkId.includes(':'));
  const bridges = new Set(networks.map(({ interface: name }) => name));
  const links = machine.links().filter((name) => /^l[bvi]/.test(name));
  const rules = machine.sh('nft list ruleset');
  const addresses =
    running && isRunning
      ? machine.sh(`nsenter -t ${running.pid} -n ip -4 -br addr 2>/dev/null || echo it has ended`)
      : '';
  return [
    {
      ends: endpoints.length,
      strange: [],
      addresses: endpoints.map(({ interface: name, ipv4 }) => `${name} ${ipv4}`).sort(),
      port: isRunning && running.ports.length > 0,
      leases:
        isRunning && running.endpoints.some(({ networkId }) => networkId === 'cni:notes') ? [running.id] : [],
      records: [],
    },
    {
      ends: links.filter((name) => /^lv/.test(name)).length,
      strange: links.filter((name) => !/^lv/.test(name) && !bridges.has(name)),
      addresses: [...addresses.matchAll(/^(eth\d+)\S* .* ([\d.]+)\/\d+/gm)].map(
        (row) => `${row[1]} ${row[2]}`,
      ),
      port: rules.includes('9300'),
      leases: readdirSync(leases),
      records:
        running && !isRunning && existsSync(join(s.daemon.root, 'cni', `${running.id}.json`))
          ? [running.id]
          : [],
    },
  ];
}

/** The host has what likerd says: the kernel takes links away a moment later. */
async function agrees(): Promise<void> {
  let seen: readonly [object, object] = [{}, {}];
  await until(
    'host and records to agree',
    async () => {
      seen = await both();
      return JSON.stringify(seen[0]) === JSON.stringify(seen[1]);
    },
    { deadlineMs: 20_000, everyMs: 20 },
  ).catch(() => assert.deepEqual(seen[1], seen[0]));
}

interface Verb {
  readonly name: string;
  readonly ready: () => Promise<unknown>;
  readonly act: () => Promise<unknown>;
  readonly isDone: () => Promise<boolean>;
}

const isRunning = async () => (await container())?.state === 'CONTAINER_STATE_RUNNING';
const cleared = async () => {
  await removeBox();
  await removeNetwork();
};

const verbs: readonly Verb[] = [
  {
    name: 'network create',
    ready: cleared,
    act: createNetwork,
    isDone: async () => (await network()) !== null,
  },
  {
    name: 'network rm',
    ready: createNetwork,
    act: removeNetwork,
    isDone: async () => (await network()) === null,
  },
  {
    name: 'run -p on a network',
    ready: async () => {
      await removeBox();
      await createNetwork();
    },
    act: runOnNet,
    isDone: isRunning,
  },
  {
    name: 'rm -f',
    ready: async () => {
      await createNetwork();
      await runOnNet();
    },
    act: removeBox,
    isDone: async () => (await container()) === null,
  },
  { name: 'run on a network of CNI', ready: removeBox, act: runOnCni, isDone: isRunning },
  {
    name: 'rm -f from a network of CNI',
    ready: runOnCni,
    act: removeBox,
    isDone: async () => (await container()) === null,
  },
  {
    name: 'network connect',
    ready: async () => {
      await createNetwork();
      await run({ networks: [{ network: 'bridge' }] });
      await disconnect();
    },
    act: connect,
    isDone: connected,
  },
  {
    name: 'network disconnect',
    ready: async () => {
      await createNetwork();
      await run({ networks: [{ network: 'bridge' }] });
      await connect();
    },
    act: disconnect,
    isDone: async () => !(await connected()),
  },
];

const ways: readonly (Which & { readonly words: string })[] = [
  { words: 'each call of likerd fails', role: 'likerd', errno: 'EIO', stride: all ? 1 : 9 },
  { words: 'likerd is killed at each of its calls', role: 'likerd', mode: 'kill', stride: all ? 1 : 23 },
  { words: 'each call of libliker fails', role: 'library', stride: all ? 1 : 7 },
  { words: 'likerd is killed in each call of libliker', role: 'library', mode: 'kill', stride: all ? 1 : 19 },
  { words: 'each call of the shim fails', role: 'shim', stride: all ? 1 : 11 },
];

const killsLikerd = ({ mode }: Which): boolean => mode === 'kill';

/** One line that says what was tried and why it failed. */
function isTold({ error, call: failed }: Outcome<unknown>, which: Which): void {
  if (error === null) return;
  if (killsLikerd(which) && error.code === status.UNAVAILABLE) return;
  // likerd could not determine the peer of the connection, and refused it.
  if (failed === 'getsockopt' && error.code === status.UNAVAILABLE) return;
  const text = error.details ?? error.message;
  assert.match(text, /^(Cannot|No CNI network|The|Its shim was) /);
  assert.doesNotMatch(text, /Internal error|\n/);
}

async function renewDaemon(): Promise<void> {
  await s.daemon.kill9();
  await s.daemon.start();
}

for (const { name, ready, act, isDone } of verbs)
  describe(name, { concurrency: 1 }, () => {
    for (const { words, ...which } of ways)
      test(words, async (t) => {
        await renewDaemon();
        await cleared();
        await ready();
        const calls: string[] = [];
        const count = await point.each(
          which,
          act,
          async (outcome) => {
            calls.push(outcome.call);
            if (killsLikerd(which)) await renewDaemon();
            isTold(outcome, which);
            if (outcome.error === null) assert.ok(await isDone(), 'it is done');
            await agrees();
            await act();
            assert.ok(await isDone(), 'it is done the next time');
            await agrees();
            await ready();
          },
          async () => {
            await renewDaemon();
            await cleared();
            await ready();
          },
        );
        t.diagnostic(`${name}: ${words}: ${count} calls: ${[...new Set(calls)].join(' ')}`);
        // A kill may come after the last try, in what likerd goes on with.
        await renewDaemon();
        await cleared();
        await renewDaemon();
        await agrees();
      });
  });
