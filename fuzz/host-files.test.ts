// /etc/hosts, /etc/resolv.conf and /etc/hostname have the lines that a spec asks for, and no others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hostFiles } from '../daemon/engine/containers/plan/host-files.ts';
import { checkHosts, checkNames } from '../daemon/engine/containers/rules/hosts.ts';
import { specOf } from '../daemon/test/fake-engine.ts';
import { accepted, holds, textOf } from './property.ts';

const host = textOf('a', 'db', '.', '-', '_', 'example.org');
const address = fc.oneof(
  fc.constantFrom('192.0.2.7', '::1', '127.0.0.53', 'fe80::1%lo'),
  textOf('192', '.0', ':', '%', 'f'),
);
const some = (items: fc.Arbitrary<string>) => fc.array(items, { maxLength: 3 });
const asked = fc.record({
  hostname: fc.oneof(fc.constant(''), host),
  domainname: fc.oneof(fc.constant(''), host),
  extraHosts: some(
    fc.oneof(
      fc.tuple(host, address).map((parts) => parts.join(':')),
      textOf('a', ':', '::1'),
    ),
  ),
  dns: some(address),
  dnsSearch: some(fc.oneof(fc.constant('.'), host)),
  dnsOptions: some(fc.oneof(fc.constantFrom('ndots:2', 'rotate'), textOf('ndots', ':', '1', ' '))),
});
const resolver = textOf(
  ...['nameserver ', '127.0.0.53', '192.0.2.1', '::1', 'search ', 'domain ', 'example.org', 'options '],
  ...['ndots:1', '\n', '\n', ' ', '\t', '#', ';', 'sortlist '],
);

const linesOf = (text: string) => text.split('\n').slice(0, -1);

test('the files of /etc', () => {
  holds(
    fc.tuple(asked, resolver, fc.constantFrom(null, '10.0.2.3'), fc.constantFrom('private', 'host')),
    ([parts, ofHost, nameServer, kind]) => {
      const spec = specOf({ ...parts, namespaces: { network: { kind } as { kind: 'private' } } });
      const isGood = accepted(() => {
        checkNames(spec);
        checkHosts(spec);
        return true;
      });
      if (!isGood) return;
      const { own } = hostFiles(spec, spec.hostname || 'c0ffee', {
        network: null,
        nameServer,
        read: () => ofHost,
      });
      assert.equal(own['/etc/hostname'], `${spec.hostname || 'c0ffee'}\n`);

      const added = spec.extraHosts.map((entry) => {
        const at = entry.indexOf(':');
        return `${entry.slice(at + 1)}\t${entry.slice(0, at)}`;
      });
      const hosts = linesOf(own['/etc/hosts'] ?? '');
      assert.deepEqual(hosts.slice(hosts.length - added.length), added);
      if (kind === 'private') assert.equal(hosts.length, 7 + added.length);

      const resolv = own['/etc/resolv.conf'] ?? '';
      const servers = linesOf(resolv).filter((line) => line.startsWith('nameserver '));
      if (spec.dns.length > 0)
        assert.deepEqual(
          servers,
          spec.dns.map((server) => `nameserver ${server}`),
        );
      const search = spec.dnsSearch.filter((domain) => domain !== '.');
      if (search.length > 0) assert.ok(linesOf(resolv).includes(`search ${search.join(' ')}`));
      if (spec.dnsSearch.length > 0)
        assert.ok(linesOf(resolv).filter((line) => /^\s*(search|domain)(\s|$)/.test(line)).length <= 1);
      if (spec.dnsOptions.length > 0) assert.ok(resolv.endsWith(`options ${spec.dnsOptions.join(' ')}\n`));
      if (spec.dns.length + spec.dnsSearch.length + spec.dnsOptions.length === 0 && nameServer === null)
        assert.equal(resolv, ofHost);
      if (nameServer !== null && spec.dns.length === 0)
        assert.doesNotMatch(own['/etc/resolv.conf'] ?? '', /^nameserver 127\.0\.0\.53$/m);
    },
    2000,
  );
});
