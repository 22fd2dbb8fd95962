import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { splitCsv } from '../client/request/csv.ts';
import { parseDevice, parseDeviceRule } from '../client/request/devices.ts';
import { collectEnv, collectLabels } from '../client/request/env.ts';
import { parseLandlock } from '../client/request/landlock.ts';
import { parseMount, parseTmpfs, parseVolume } from '../client/request/mounts.ts';
import { parseConnection } from '../client/request/networks.ts';
import { parseExposed, parsePublished } from '../client/request/ports.ts';
import { parseRestart } from '../client/request/restart.ts';
import { parseNoNewPrivileges, parseSecurityOptions } from '../client/request/security.ts';
import { parseUlimit } from '../client/request/ulimit.ts';
import { accepted, bytesOf, holds, inherited, textOf } from './property.ts';

const folder = mkdtempSync(join(tmpdir(), 'liker-fuzz-'));
after(() => rmSync(folder, { recursive: true }));

test('lines of CSV', () => {
  holds(textOf('a', ',', '"', '""', '=', 'type'), (text) => {
    const fields = accepted(() => splitCsv(text, 'mount'));
    if (fields === undefined) return;
    const again = fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(',');
    assert.deepEqual(splitCsv(again, 'mount'), fields);
  });
});

test('volumes and mounts', () => {
  const volume = textOf(
    '/a',
    './b',
    ':',
    '/c',
    ',',
    'ro',
    'rw',
    'z',
    'idmap',
    'noidmap',
    'idmap=',
    'uids=0-1-2',
  );
  holds(volume, (text) => {
    const mount = accepted(() => parseVolume(text));
    if (mount === undefined) return;
    assert.ok(mount.target?.startsWith('/'));
    assert.equal(mount.source?.startsWith('/'), mount.type === 'TYPE_BIND');
  });
  holds(textOf('/t', ':', 'size=1m', ',', 'ro', 'mode=1777'), (text) => {
    const mount = accepted(() => parseTmpfs(text));
    if (mount !== undefined) assert.ok(mount.target?.startsWith('/') && !mount.options?.includes(''));
  });
  const words = [
    'type=bind',
    'type=tmpfs',
    'src=',
    'source=/a',
    'dst=/b',
    'target',
    'readonly',
    'ro=true',
    'idmap',
  ];
  const more = [
    'bind-propagation=rshared',
    'bind-recursive=readonly',
    'tmpfs-size=1m',
    'tmpfs-mode=777',
    ',',
    '=',
  ];
  holds(textOf(...words.flatMap((word) => [word, ',']), ...more), (text) => {
    const mount = accepted(() => parseMount(text));
    if (mount === undefined) return;
    assert.ok(mount.target?.startsWith('/'));
    if (mount.type === 'TYPE_BIND') assert.ok(mount.source?.startsWith('/'));
  });
});

test('devices and their rules', () => {
  holds(textOf('/dev/fuse', ':', 'rwm', 'r', 'dev'), (text) => {
    const device = accepted(() => parseDevice(text));
    if (device !== undefined) assert.ok(device.hostPath?.startsWith('/'));
  });
  holds(textOf('allow ', 'deny ', 'c', 'b', ' ', '10', ':', '*', 'rwm'), (text) => {
    const rule = accepted(() => parseDeviceRule(text));
    if (rule === undefined) return;
    const number = (one: number | null | undefined) => one ?? '*';
    const again = `${rule.deny ? 'deny ' : ''}${rule.type} ${number(rule.major)}:${number(rule.minor)} ${rule.access}`;
    if (Number.isSafeInteger(rule.major ?? 0) && Number.isSafeInteger(rule.minor ?? 0))
      assert.deepEqual(parseDeviceRule(again), rule);
  });
});

test('limits of resources', () => {
  holds(textOf('nofile', 'core', '=', ':', '1024', '-1', 'unlimited'), (text) => {
    const limit = accepted(() => parseUlimit(text));
    if (limit === undefined) return;
    assert.match(`${limit.soft} ${limit.hard}`, /^(\d+|-1) (\d+|-1)$/);
    assert.deepEqual(parseUlimit(`${limit.name}=${limit.soft}:${limit.hard}`), limit);
  });
});

test('restart policies', () => {
  holds(textOf('no', 'on-failure', 'always', 'unless-stopped', ':', '3'), (text) => {
    const policy = accepted(() => parseRestart(text));
    if (policy !== undefined) assert.match(String(policy.name), /^NAME_[A-Z_]+$/);
  });
});

test('security options, and those of Landlock', () => {
  const options = textOf(
    ...['seccomp', 'no-new-privileges', 'apparmor', 'label', 'systempaths', 'mask', 'unmask', 'proc-opts'],
    ...['=', ':', 'unconfined', 'true', 'disable', '/proc/a', 'ALL', ',', 'hidepid=2'],
  );
  holds(fc.array(options, { maxLength: 3 }), (items) => {
    const flag = accepted(() => parseNoNewPrivileges(items));
    if (flag !== undefined) assert.equal(typeof flag, 'boolean');
    accepted(() => parseSecurityOptions(items));
  });
  holds(
    fc.array(textOf('ro', 'rw', 'connect', 'bind', '=', ',', '/usr', '443', '1-2'), { maxLength: 3 }),
    (items) => {
      accepted(() => parseLandlock(items));
    },
  );
});

test('environment files', () => {
  const file = join(folder, 'env');
  const lines = bytesOf('A', 'PATH', '=', '\n', '#', ' ', 'x y', '\uFEFF', '"', '\\');
  const environment = { PATH: '/bin', A: 'a' };
  holds(fc.tuple(lines, fc.array(textOf('A', '=', 'b', 'PATH'), { maxLength: 3 })), ([bytes, items]) => {
    writeFileSync(file, bytes);
    const env = accepted(() => collectEnv([file], items, environment));
    for (const item of env ?? []) assert.match(item, /^[^=]+=/s, 'each has a name and a value');
    // What was collected means the same again.
    if (env !== undefined) assert.deepEqual(collectEnv([], env, {}), env);
  });
  holds(fc.array(textOf(...inherited, 'a', '=', 'b'), { maxLength: 4 }), (items) => {
    const labels = accepted(() => collectLabels([], items));
    if (labels !== undefined) assert.ok(Object.values(labels).every((value) => typeof value === 'string'));
  });
});

/** A port as parsePublished gives it. */
type Port = Required<ReturnType<typeof parsePublished>>;

/** As -p has it. */
function portText({ hostAddress, hostPort, hostPorts, containerPort, protocol, length }: Port): string {
  const range = (first: number, count: number): string =>
    count === 1 ? String(first) : `${first}-${first + count - 1}`;
  const address =
    hostAddress === '' ? '' : hostAddress.includes(':') ? `[${hostAddress}]:` : `${hostAddress}:`;
  const host = hostPort === 0 ? '' : range(hostPort, Math.max(length, hostPorts));
  return `${address}${host}:${range(containerPort, length)}/${protocol}`;
}

test('published ports: what is accepted is a port, and means the same when it is written out', () => {
  const pieces = ['80', '8080', ':', '::', '-', '/', 'tcp', 'udp', 'SCTP', '[::1]', '::1', '127.0.0.1'];
  holds(textOf(...pieces, '=', ',', 'target', 'published', 'protocol', '65535', '00'), (text) => {
    const port = accepted(() => parsePublished(text)) as Port | undefined;
    accepted(() => parseExposed(text));
    if (port === undefined) return;
    const { hostPort, hostPorts, containerPort, length } = port;
    assert.ok(length >= 1 && containerPort >= 1 && containerPort + length - 1 <= 65535, text);
    assert.ok(hostPort >= 0 && hostPorts >= 1, text);
    assert.ok(hostPort === 0 || hostPort + Math.max(length, hostPorts) - 1 <= 65535, text);
    assert.ok(hostPorts === 1 || (length === 1 && hostPort > 0), text);
    assert.deepEqual(parsePublished(portText(port)), port);
  });
});

test('published ports: each can be written', () => {
  const number = fc.integer({ min: 1, max: 65535 });
  const port = fc
    .record({
      hostAddress: fc.oneof(fc.constant(''), fc.ipV4(), fc.ipV6()),
      hostPort: fc.oneof(fc.constant(0), number),
      containerPort: number,
      protocol: fc.constantFrom('tcp', 'udp', 'sctp'),
      count: fc.integer({ min: 1, max: 300 }),
      oneOf: fc.boolean(),
    })
    .map(({ count, oneOf, ...rest }): Port => {
      const most = 65536 - (oneOf ? rest.hostPort : Math.max(rest.hostPort, rest.containerPort));
      const many = Math.min(count, most);
      const isChoice = oneOf && rest.hostPort > 0;
      return { ...rest, length: isChoice ? 1 : oneOf ? 1 : many, hostPorts: isChoice ? many : 1 };
    });
  holds(port, (one) => assert.deepEqual(parsePublished(portText(one)), one));
});

test('networks', () => {
  const pieces = ['name=', 'alias=', 'ip=', 'ip6=', 'mac-address=', 'gw-priority=', ',', 'front', '10.0.0.1'];
  holds(textOf(...pieces, 'fd00::1', '02:42:ac:11:00:02', 'none', 'host', '"', '-1'), (text) => {
    accepted(() => parseConnection(text));
  });
});
