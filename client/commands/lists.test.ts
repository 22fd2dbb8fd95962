import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byName, ended, id, web } from '../test/containers.ts';
import { FakeServer } from '../test/fake-server.ts';
import { likerctl } from '../test/likerctl.ts';

const patience = { timeout: 30_000 };
/** The part of inspect's record that is looked at here. */
interface InspectRecord {
  readonly Id: string;
  readonly Config: { readonly Cmd: readonly string[] };
  readonly HostConfig: { readonly Memory: number };
  readonly State: Readonly<Record<'Status' | 'FinishedAt', string>> &
    Readonly<{ ExitCode: number; OOMKilled: boolean; Running: boolean }>;
  readonly Rootfs: { readonly Mode: string };
  readonly Mounts: readonly object[];
}

test('ps prints a table; -q, --no-trunc and --format change it', patience, async () => {
  await using server = new FakeServer();
  const requests: { all: boolean; filters: object[] }[] = [];
  await server.listen({
    unary: {
      ListContainers: (request: { all: boolean; filters: object[] }) => {
        requests.push(request);
        return { containers: [{ ...web, clientLost: true }, ended] };
      },
    },
  });
  const run = async (...args: string[]): Promise<string> =>
    (await likerctl(server.socketPath, 'ps', ...args)).stdout;
  assert.equal(
    await run('-a', '-f', 'label=tier=front'),
    [
      'CONTAINER ID   IMAGE       COMMAND                  CREATED       STATUS                                 PORTS   NAMES',
      'abababababab   /srv/root   "bash -c sleep 10000…"   2 hours ago   Up 5 minutes (detached: client lost)           web',
      'cdcdcdcdcdcd   /srv/root   "bash -c sleep 10000…"   2 hours ago   Exited (3) 3 minutes ago                       old',
      '',
    ].join('\n'),
  );
  assert.deepEqual(requests[0]?.filters, [{ key: 'label', value: 'tier=front' }]);
  assert.equal(requests[0]?.all, true);
  assert.equal(await run('-q', '--no-trunc'), `${id}\n${ended.id}\n`);
  assert.equal(
    await run('--format', '{{.Names}}:{{.State}}:{{.Label "tier"}}'),
    'web:running:front\nold:exited:front\n',
  );
  const json = JSON.parse((await run('--format', 'json')).split('\n')[0] ?? '');
  assert.deepEqual([json.ID, json.Names, json.Mounts], ['abababababab', 'web', '/a']);
});

test('ps reads all pages', patience, async () => {
  await using server = new FakeServer();
  await server.listen({
    unary: {
      ListContainers: ({ pageToken }: { pageToken: string }) =>
        pageToken === ''
          ? { containers: [web], nextPageToken: 'more' }
          : { containers: [{ ...web, spec: { ...web.spec, name: 'two' } }] },
    },
  });
  const { stdout } = await likerctl(server.socketPath, 'ps', '--format', '{{.Names}}');
  assert.equal(stdout, 'web\ntwo\n');
});

test(
  "inspect prints Docker's shape; an unknown container is an error, and the others are still printed",
  patience,
  async () => {
    await using server = new FakeServer();
    await server.listen({ unary: { GetContainer: byName } });
    const { code, stdout, stderr } = await likerctl(
      server.socketPath,
      'inspect',
      '--type=container',
      'web',
      'none',
      'old',
    );
    assert.equal(code, 1);
    assert.equal(stderr, "likerctl: Cannot find container 'none'\n");
    const [first, second] = JSON.parse(stdout) as [InspectRecord, InspectRecord];
    assert.equal(first.Id, id);
    assert.deepEqual(first.Config.Cmd, ['bash', '-c', 'sleep 1000000']);
    assert.equal(first.HostConfig.Memory, 1048576);
    assert.equal(first.State.Status, 'running');
    assert.equal(first.Rootfs.Mode, 'overlay');
    assert.deepEqual(first.Mounts[0], {
      Type: 'bind',
      Source: '/a',
      Destination: '/b',
      Mode: 'ro',
      RW: false,
      Propagation: 'rprivate',
    });
    assert.deepEqual([second.State.ExitCode, second.State.OOMKilled, second.State.Running], [3, true, false]);
    assert.match(second.State.FinishedAt, /\.000000005Z$/);
    const formatted = await likerctl(
      server.socketPath,
      'inspect',
      '-f',
      '{{.State.Pid}} {{json .Config.Labels}}',
      'web',
    );
    assert.equal(formatted.stdout, '42 {"tier":"front"}\n');
  },
);

test("version prints both sides, and the client's own even without a daemon", patience, async () => {
  await using server = new FakeServer();
  const alone = await likerctl(server.socketPath, 'version');
  assert.equal(alone.code, 1);
  assert.match(alone.stdout, /^Client:\n Version: /);
  assert.match(alone.stderr, /^likerctl: Cannot reach likerd/);
  await server.listen({ unary: { GetVersion: () => ({ version: '9.9', apiMax: 'liker.v1' }) } });
  const { stdout } = await likerctl(server.socketPath, 'version', '--format', '{{.Server.Version}}');
  assert.equal(stdout, '9.9\n');
});
