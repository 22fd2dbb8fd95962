// A command line of run, from its words to the spec that likerd stores.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCommandLine } from '../client/cli/parse.ts';
import { UsageError } from '../client/cli/usage-error.ts';
import { parseFilters } from '../client/commands/filters.ts';
import { run } from '../client/commands/run.ts';
import { parseContainerSpec } from '../client/request/container-spec.ts';
import { definitions } from '../daemon/api/liker/definitions.ts';
import { parseSpec } from '../daemon/api/liker/parse/container-spec.ts';
import { withDefaults } from '../daemon/engine/containers/model/spec.ts';
import { applyTmpfsOptions, isTmpfsOption } from '../daemon/engine/containers/plan/tmpfs-options.ts';
import { askedUser } from '../daemon/engine/containers/plan/user.ts';
import { checkSpec } from '../daemon/engine/containers/rules/check-spec.ts';
import { mountAttr } from '../daemon/kernel/plan/steps.ts';
import { encoded } from './messages.ts';
import { accepted, holds, textOf } from './property.ts';

const create = definitions.ContainerService.CreateContainer;
const words = [
  ...['web', '0', '1', '-1', '1000', '64m', '1.5', '10s', '5', 'host', 'private', 'none', 'auto', 'keep-id'],
  ...[
    'container:db',
    'ns:/proc/1/ns/net',
    '/a',
    '/b',
    ':',
    '=',
    ',',
    ';',
    'ro',
    'rw',
    'root',
    'staff',
    'true',
  ],
  ...['type=bind', 'src=/a', 'dst=/b', 'uids=0-1-2', 'size=1m', '8:0', '/dev/null', 'rwm', 'c 1:3 r', 'ALL'],
  ...[
    'NET_ADMIN',
    'nofile',
    'a.b',
    '192.0.2.1',
    '::1',
    'always',
    'kill',
    'SIGTERM',
    'unconfined',
    'max-size=1m',
  ],
  ...['label', 'systempaths', 'mask', 'net.ipv4.ip_forward', 'ndots:2', 'A', '["true"]'],
];
const flags = run.flags.filter(({ name }) => !['cidfile', 'pidfile', 'help'].includes(name));
const flag = fc
  .tuple(fc.constantFrom(...flags), fc.oneof(textOf(...words), fc.constantFrom(...words)))
  .map(([{ name, type }, value]) => (type === 'bool' ? [`--${name}`] : [`--${name}=${value}`]));
const other = textOf('-', '--', 'it', 'e', 'v', '=', '/a', 'no-', 'init', 'memory').map((text) => [text]);
const line = fc.array(fc.oneof({ weight: 12, arbitrary: flag }, { weight: 1, arbitrary: other }), {
  maxLength: 3,
});

/** The spec that the client sends; undefined if it refuses. */
function asked(argv: readonly string[]): object | undefined {
  try {
    // As execve(2) and Node.js pass words.
    const told = argv.map((word) => word.toWellFormed().replaceAll('\0', ''));
    const { flags: given, operands } = parseCommandLine(run, told);
    return accepted(() => parseContainerSpec(given, operands, undefined));
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

test('a command line of run', () => {
  let kept = 0;
  holds(
    line,
    (options) => {
      const spec = asked([...options.flat(), '/', 'true']);
      if (spec === undefined) return;
      const request = create.requestDeserialize(encoded('CreateContainerRequest', { spec }));
      const known = accepted(() => {
        const parsed = withDefaults(parseSpec(request.spec, 'spec', { uid: 1000, gid: 1000 }));
        checkSpec(parsed);
        return parsed;
      });
      if (known === undefined) return;
      kept += 1;
      const { user, group } = askedUser(known.process);
      assert.equal(known.process.user.replace(/:$/, ''), group === null ? user : `${user}:${group}`);
      for (const mount of known.mounts) assert.ok(mount.target.startsWith('/'), mount.target);
    },
    2000,
  );
  assert.ok(kept > 100, `${kept} specs were accepted`);
});

test('conditions of lists', () => {
  holds(fc.array(textOf('label', '=', '!=', 'ancestor', '/a', ':ro', 'NAME'), { maxLength: 3 }), (items) => {
    const filters = accepted(() => parseFilters(items));
    if (filters !== undefined)
      assert.ok(filters.every(({ key, value }) => key !== undefined && value !== undefined));
  });
});

test('options of a tmpfs', () => {
  const word = fc.oneof(
    fc.constantFrom('ro', 'exec', 'noatime', 'size=64k', 'mode=1777', 'noswap', 'strictatime'),
    textOf('size', '=', '5', '%', 'k', 'huge', 'always', 'mpol', 'bind:0', 'ro'),
  );
  holds(fc.array(word, { maxLength: 6 }), (given) => {
    const good = given.filter(isTmpfsOption);
    const { attributes, options } = applyTmpfsOptions(good, mountAttr.NOSUID);
    assert.equal(attributes >>> 0, attributes);
    // One option is one to the kernel, whatever its value.
    for (const [name, value] of options) assert.match(`${name}=${value}`, /^[a-z_0-9]+=[\w%:,=-]+$/);
  });
});
