import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { hasReason } from '../../../common/errors.ts';
import { findCniNetwork, readCniNetworks } from './config.ts';

const folder = mkdtempSync(join(tmpdir(), 'lk-cni-'));
after(() => rmSync(folder, { recursive: true }));

let count = 0;
/** A new folder with these files: text as it is, the rest as JSON. */
function files(contents: Readonly<Record<string, unknown>>): string {
  count += 1;
  const own = join(folder, String(count));
  for (const [name, content] of Object.entries(contents)) {
    mkdirSync(dirname(join(own, name)), { recursive: true });
    writeFileSync(join(own, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return own;
}

const list = (name: string, ...types: string[]) => ({
  cniVersion: '1.0.0',
  name,
  plugins: types.map((type) => ({ type })),
});

test('lists and single plugins, in the order of their names; of two of one name the first', () => {
  const own = files({
    '20-b.conf': { cniVersion: '0.3.1', name: 'b', type: 'ptp', mtu: 1400 },
    '10-a.conflist': list('a', 'bridge', 'portmap'),
    '15-a.conflist': list('a', 'macvlan'),
    '30-c.json': { name: 'c', type: 'loopback' },
    README: 'no configuration',
  });
  const { networks, unreadable } = readCniNetworks(own);
  assert.deepEqual(unreadable, []);
  assert.deepEqual(
    networks.map(({ name, cniVersion, plugins }) => [name, cniVersion, plugins.map(({ type }) => type)]),
    [
      ['a', '1.0.0', ['bridge', 'portmap']],
      ['b', '0.3.1', ['ptp']],
      ['c', '0.1.0', ['loopback']],
    ],
  );
  assert.equal(networks[1]?.plugins[0]?.['mtu'], 1400, 'what only the plugin knows stays');
});

test('of several versions the latest that likerd knows', () => {
  const own = files({
    'a.conflist': { ...list('a', 'x'), cniVersion: '0.4.0', cniVersions: ['0.3.1', '1.1.0', '9.0.0'] },
  });
  assert.equal(findCniNetwork(own, 'a').cniVersion, '1.1.0');
});

test('plugins of a folder with the name of the network come last', () => {
  const own = files({
    'a.conflist': list('a', 'bridge'),
    'a/20.conf': { type: 'second' },
    'a/10.conf': { type: 'first' },
    'alone.conflist': { ...list('alone', 'bridge'), loadOnlyInlinedPlugins: true },
    'alone/10.conf': { type: 'left-out' },
    'spread.conflist': { cniVersion: '1.1.0', name: 'spread' },
    'spread/10.conf': { type: 'only' },
  });
  const types = (name: string) => findCniNetwork(own, name).plugins.map(({ type }) => type);
  assert.deepEqual(types('a'), ['bridge', 'first', 'second']);
  assert.deepEqual(types('alone'), ['bridge']);
  assert.deepEqual(types('spread'), ['only']);
});

test('a network that is not there is refused with those that are, and with files that cannot be used', () => {
  const own = files({
    '1.conflist': list('blue', 'bridge'),
    '2.conflist': '{',
    '3.conflist': { name: 'empty', plugins: [] },
    '4.conf': { name: 'new', cniVersion: '2.0.0', type: 'x' },
    '5.conf': { name: 'way', type: '../sh' },
    '6.conf': { name: '../up', type: 'x' },
  });
  assert.throws(
    () => findCniNetwork(own, 'red'),
    (error) => {
      assert.ok(hasReason(error, 'NETWORK_NOT_FOUND'));
      assert.match(error.message, /^No CNI network 'red' in .* it describes blue; /);
      for (const [file, why] of [
        ['2.conflist', 'JSON'],
        ['3.conflist', 'plugins: Invalid length'],
        ['4.conf', 'version 2.0.0'],
        ['5.conf', 'type'],
        ['6.conf', 'name'],
      ] as const)
        assert.match(error.message, new RegExp(`/${file} cannot be used: [^;]*${why}`));
      return true;
    },
  );
  assert.throws(() => findCniNetwork(join(own, 'none'), 'red'), /it describes none/);
});
