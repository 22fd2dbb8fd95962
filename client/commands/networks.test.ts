import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ended, id, web } from '../test/containers.ts';
import { FakeServer, serviceError } from '../test/fake-server.ts';
import { likerctl } from '../test/likerctl.ts';

const patience = { timeout: 30_000 };

const front = {
  id: 'fe'.repeat(32),
  name: 'front',
  createdAt: { seconds: 1769860000 },
  driver: 'bridge',
  ipv6: true,
  subnets: [
    { subnet: '10.201.4.0/24', gateway: '10.201.4.1', ipRange: '10.201.4.128/25' },
    { subnet: 'fd00:7::/64', gateway: 'fd00:7::1', auxAddresses: { router: 'fd00:7::9' } },
  ],
  options: { mtu: '1400' },
  labels: { tier: 'a', area: 'b' },
  interface: 'lbfefefefefefe',
  endpoints: [
    {
      containerId: id,
      containerName: 'web',
      ipv4: '10.201.4.2/24',
      ipv6: 'fd00:7::2/64',
      macAddress: '02:42:ac:11:00:02',
    },
  ],
  containerIds: [id, ended.id],
};

const none = { id: '0'.repeat(64), name: 'none', driver: 'null', builtin: true };

test('network create sends what the flags say', patience, async () => {
  await using server = new FakeServer();
  const requests: object[] = [];
  await server.listen({
    unary: {
      CreateNetwork: ({ requestId, ...request }: { requestId: string }) => {
        assert.match(requestId, /^[0-9a-f-]{36}$/);
        requests.push(request);
        return { network: front };
      },
    },
  });
  const run = (...args: string[]) => likerctl(server.socketPath, 'network', 'create', ...args);
  const made = await run(
    ...'--subnet fd00:7::/64 --subnet 10.201.4.0/24 --gateway 10.201.4.1 --ip-range 10.201.4.128/25'.split(
      ' ',
    ),
    ...'--aux-address router=fd00:7::9 --internal --ipv6 --attachable -o mtu=1400 --label tier=a front'.split(
      ' ',
    ),
  );
  assert.deepEqual([made.code, made.stdout], [0, `${front.id}\n`]);
  assert.deepEqual(requests.pop(), {
    name: 'front',
    driver: '',
    egress: null,
    internal: true,
    ipv6: true,
    _ipv6: 'ipv6',
    subnets: [
      { subnet: 'fd00:7::/64', gateway: '', ipRange: '', auxAddresses: { router: 'fd00:7::9' } },
      { subnet: '10.201.4.0/24', gateway: '10.201.4.1', ipRange: '10.201.4.128/25', auxAddresses: {} },
    ],
    options: { mtu: '1400' },
    labels: { tier: 'a' },
    leaseId: '',
  });
  await run('-d', 'macvlan', '-o', 'parent=eth0', 'lan');
  assert.partialDeepStrictEqual(requests.pop(), {
    driver: 'macvlan',
    subnets: [],
    options: { parent: 'eth0' },
  });
  for (const [args, why] of [
    ['--gateway 10.0.0.1', /Invalid --gateway '10\.0\.0\.1': it needs --subnet/],
    [
      '--subnet 10.0.0.0/24 --gateway 10.1.0.1',
      /Invalid --gateway '10\.1\.0\.1': it is not in 10\.0\.0\.0\/24/,
    ],
    ['--subnet 10.0.0.0/24 --ip-range 10.0.0.0/16', /Invalid --ip-range '10\.0\.0\.0\/16': it is not in/],
    ['--subnet 10.0.0.0/24 --gateway 10.0.0.1 --gateway 10.0.0.2', /10\.0\.0\.0\/24 has one already/],
    ['--subnet 10.0.0.0', /use ADDRESS\/LENGTH, such as 10\.7\.0\.0\/24/],
    ['--subnet 10.0.0.0/33', /use ADDRESS\/LENGTH/],
    ['--subnet 10.0.0.0/24 --aux-address a=b', /'b' is not an IP address/],
    ['--ipv4=false', /without IPv4: it is not supported yet/],
    ['--driver overlay', /invalid argument 'overlay' for --driver: use bridge, macvlan, ipvlan/],
    ['--scope swarm', /--scope 'swarm' is not supported yet/],
    ['--ipam-driver=null', /Use --subnet/],
    ['--config-only', /--config-only is not supported yet/],
  ] as const) {
    const { code, stderr } = await run(...args.split(' '), 'x');
    assert.match(stderr, why);
    assert.notEqual(code, 0);
  }
  assert.deepEqual(requests, []);
});

test('network ls prints a table, ids, JSON and templates', patience, async () => {
  await using server = new FakeServer();
  const requests: { filters: object[] }[] = [];
  await server.listen({
    unary: {
      ListNetworks: (request: { filters: object[] }) => {
        requests.push(request);
        return { networks: [front, none] };
      },
    },
  });
  const run = async (...args: string[]) =>
    (await likerctl(server.socketPath, 'network', 'ls', ...args)).stdout;
  assert.equal(
    await run('-f', 'driver=bridge'),
    [
      'NETWORK ID     NAME    DRIVER   SCOPE',
      'fefefefefefe   front   bridge   local',
      '000000000000   none    null     local',
      '',
    ].join('\n'),
  );
  assert.deepEqual(requests[0]?.filters, [{ key: 'driver', value: 'bridge' }]);
  assert.equal(await run('-q'), 'fefefefefefe\n000000000000\n');
  assert.equal(await run('-q', '--no-trunc'), `${front.id}\n${none.id}\n`);
  assert.equal(
    await run('--format', '{{.Name}} {{.IPv4}} {{.IPv6}} {{.Internal}} {{.Labels}} {{.Label "tier"}}'),
    'front true true false area=b,tier=a a\nnone true false false  \n',
  );
  const [json = ''] = (await run('--format', 'json')).split('\n');
  assert.partialDeepStrictEqual(JSON.parse(json), { ID: 'fefefefefefe', Name: 'front', Scope: 'local' });
});

test("network inspect and inspect print Docker's shape", patience, async () => {
  await using server = new FakeServer();
  const missing = (reason: string) => () => {
    throw serviceError('NOT_FOUND', 'Cannot find it', { reason });
  };
  await server.listen({
    unary: {
      GetContainer: missing('CONTAINER_NOT_FOUND'),
      GetImage: missing('IMAGE_NOT_FOUND'),
      GetNetwork: ({ network }: { network: string }) =>
        network === 'front' ? { network: front } : missing('NETWORK_NOT_FOUND')(),
    },
  });
  const run = (...args: string[]) => likerctl(server.socketPath, ...args);
  const { code, stdout, stderr } = await run('network', 'inspect', 'nothing', 'front');
  assert.deepEqual([code, stderr], [1, 'likerctl: Cannot find it\n']);
  const [record] = JSON.parse(stdout);
  assert.partialDeepStrictEqual(record, {
    Name: 'front',
    Id: front.id,
    Created: '2026-01-31T11:46:40Z',
    Scope: 'local',
    Driver: 'bridge',
    EnableIPv4: true,
    EnableIPv6: true,
    IPAM: {
      Driver: 'default',
      Config: [
        { Subnet: '10.201.4.0/24', IPRange: '10.201.4.128/25', Gateway: '10.201.4.1' },
        { Subnet: 'fd00:7::/64', Gateway: 'fd00:7::1', AuxiliaryAddresses: { router: 'fd00:7::9' } },
      ],
    },
    Internal: false,
    Containers: { [id]: { Name: 'web', IPv4Address: '10.201.4.2/24', MacAddress: '02:42:ac:11:00:02' } },
    Options: { mtu: '1400' },
    Labels: { tier: 'a', area: 'b' },
  });
  const template = '{{range .IPAM.Config}}{{.Subnet}} {{end}}{{len .Containers}}';
  assert.equal((await run('inspect', '-f', template, 'front')).stdout, '10.201.4.0/24 fd00:7::/64 1\n');
  assert.equal((await run('inspect', '--type', 'network', '-f', '{{.Driver}}', 'front')).stdout, 'bridge\n');
});

test('network rm, prune, connect and disconnect', patience, async () => {
  await using server = new FakeServer();
  const requests: unknown[] = [];
  const answer =
    (result: object) =>
    ({ requestId: _, ...request }: { requestId?: string }) => {
      requests.push(request);
      return result;
    };
  await server.listen({
    unary: {
      RemoveNetwork: answer({ id: front.id }),
      PruneNetworks: answer({ names: ['front', 'back'] }),
      ConnectNetwork: answer({}),
      DisconnectNetwork: answer({}),
    },
  });
  const run = async (...args: string[]) => (await likerctl(server.socketPath, 'network', ...args)).stdout;
  assert.equal(await run('rm', '-f', 'front', 'back'), 'front\nback\n');
  assert.equal(await run('prune', '-f', '--filter', 'until=24h'), 'Deleted Networks:\nfront\nback\n\n');
  assert.match(await run('prune'), /^WARNING! This will remove all networks that no container has\./);
  const flags = '--alias db --alias pg --ip 10.201.4.9 --ip6 fd00:7::9 --gw-priority -1';
  assert.equal(await run('connect', ...flags.split(' '), 'front', 'web'), '');
  assert.equal(await run('disconnect', '-f', 'front', 'web'), '');
  assert.deepEqual(requests, [
    { network: 'front', force: true },
    { network: 'back', force: true },
    { filters: [{ key: 'until', value: '24h' }] },
    {
      container: 'web',
      connection: {
        network: 'front',
        aliases: ['db', 'pg'],
        ipv4: '10.201.4.9',
        ipv6: 'fd00:7::9',
        macAddress: '',
        gwPriority: -1,
      },
    },
    { container: 'web', network: 'front', force: true },
  ]);
});

const published = {
  ...web,
  spec: {
    ...web.spec,
    exposedPorts: ['443/tcp'],
    networks: [{ network: front.id }],
    ports: [
      { containerPort: 80, hostPort: 8080, protocol: 'tcp', length: 1 },
      { containerPort: 53, hostAddress: '::', hostPort: 9000, hostPorts: 10, protocol: 'udp', length: 1 },
    ],
  },
  endpoints: [
    {
      networkId: front.id,
      networkName: 'front',
      interface: 'eth0',
      ipv4: '10.201.4.2',
      ipv4Prefix: 24,
      ipv4Gateway: '10.201.4.1',
      macAddress: '02:42:ac:11:00:02',
      aliases: ['www'],
      names: ['web', 'www', 'abababababab'],
      askedIpv4: '10.201.4.2',
    },
    {
      networkId: 'ba'.repeat(32),
      networkName: 'back',
      interface: 'eth1',
      ipv4: '10.201.5.2',
      ipv4Prefix: 24,
    },
  ],
  ports: [
    { containerPort: 80, hostAddress: '127.0.0.1', hostPort: 8080, protocol: 'tcp', length: 1 },
    { containerPort: 80, hostAddress: '::1', hostPort: 8080, protocol: 'tcp', length: 1 },
    { containerPort: 53, hostAddress: '::', hostPort: 9003, protocol: 'udp', length: 1 },
    { containerPort: 7000, hostAddress: '0.0.0.0', hostPort: 7000, protocol: 'tcp', length: 3 },
  ],
};

test('port prints where ports are published, and fails for one that is not', patience, async () => {
  await using server = new FakeServer();
  await server.listen({ unary: { GetContainer: () => ({ container: published }) } });
  const run = (...args: string[]) => likerctl(server.socketPath, 'port', 'web', ...args);
  assert.equal(
    (await run()).stdout,
    [
      '53/udp -> [::]:9003',
      '80/tcp -> 127.0.0.1:8080',
      '80/tcp -> [::1]:8080',
      ...[7000, 7001, 7002].map((port) => `${port}/tcp -> 0.0.0.0:${port}`),
      '',
    ].join('\n'),
  );
  assert.equal((await run('80')).stdout, '127.0.0.1:8080\n[::1]:8080\n');
  assert.equal((await run('53/UDP')).stdout, '[::]:9003\n');
  for (const [port, why] of [
    ['53', /Port 53\/tcp of container 'web' is not published/],
    ['http', /Invalid port 'http': use PORT\[\/PROTOCOL\]/],
  ] as const) {
    const { code, stdout, stderr } = await run(port);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, why);
  }
});

test('ps has the column PORTS, and the names of the networks', patience, async () => {
  await using server = new FakeServer();
  await server.listen({
    unary: { ListContainers: () => ({ containers: [published, { ...ended, endpoints: [] }] }) },
  });
  const run = async (...args: string[]) => (await likerctl(server.socketPath, 'ps', '-a', ...args)).stdout;
  assert.equal(
    await run('--format', '{{.Names}}|{{.Ports}}|{{.Networks}}'),
    'web|443/tcp, 0.0.0.0:7000-7002->7000-7002/tcp, [::]:9003->53/udp, 127.0.0.1:8080->80/tcp, [::1]:8080->80/tcp|front,back\nold||none\n',
  );
});

test("inspect has Docker's fields of networks and ports", patience, async () => {
  await using server = new FakeServer();
  await server.listen({ unary: { GetContainer: () => ({ container: published }) } });
  const print = async (format: string) =>
    (await likerctl(server.socketPath, 'inspect', '-f', format, 'web')).stdout.trim();
  assert.deepEqual(JSON.parse(await print('{{json .NetworkSettings.Networks.front}}')), {
    IPAMConfig: { IPv4Address: '10.201.4.2' },
    Links: null,
    Aliases: ['www'],
    DriverOpts: null,
    GwPriority: 0,
    NetworkID: front.id,
    EndpointID: id,
    IPAddress: '10.201.4.2',
    IPPrefixLen: 24,
    Gateway: '10.201.4.1',
    MacAddress: '02:42:ac:11:00:02',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    IPv6Gateway: '',
    DNSNames: ['web', 'www', 'abababababab'],
    Interface: 'eth0',
  });
  assert.deepEqual(JSON.parse(await print('{{json .NetworkSettings.Ports}}')), {
    '443/tcp': null,
    '53/udp': [{ HostIp: '::', HostPort: '9003' }],
    '80/tcp': [
      { HostIp: '127.0.0.1', HostPort: '8080' },
      { HostIp: '::1', HostPort: '8080' },
    ],
    '7000/tcp': [{ HostIp: '0.0.0.0', HostPort: '7000' }],
    '7001/tcp': [{ HostIp: '0.0.0.0', HostPort: '7001' }],
    '7002/tcp': [{ HostIp: '0.0.0.0', HostPort: '7002' }],
  });
  assert.deepEqual(JSON.parse(await print('{{json .HostConfig.PortBindings}}')), {
    '53/udp': [{ HostIp: '::', HostPort: '9000-9009' }],
    '80/tcp': [{ HostIp: '', HostPort: '8080' }],
  });
  assert.equal(
    await print(
      '{{.NetworkSettings.IPAddress}} {{.HostConfig.NetworkMode}} {{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}} {{json .Config.ExposedPorts}}',
    ),
    '10.201.4.2 front 8080 {"443/tcp":{},"53/udp":{},"80/tcp":{}}',
  );
});
