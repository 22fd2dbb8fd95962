import assert from 'node:assert/strict';
import { test } from 'node:test';
import { specOf } from '../../../test/fake-engine.ts';
import { hostFiles } from './host-files.ts';

test("a line for /etc/hosts begins a line, though the host's file lacks its last newline", () => {
  const spec = specOf({ namespaces: { network: { kind: 'host' } }, extraHosts: ['db:192.0.2.7'] });
  const hosts = (text: string) =>
    hostFiles(spec, 'web', { network: null, nameServer: null, read: () => text }).own['/etc/hosts'];
  assert.equal(hosts('127.0.0.1\tlocalhost'), '127.0.0.1\tlocalhost\n192.0.2.7\tdb\n');
  assert.equal(hosts('127.0.0.1\tlocalhost\n'), '127.0.0.1\tlocalhost\n192.0.2.7\tdb\n');
  assert.equal(hosts(''), '192.0.2.7\tdb\n');
});

test('with a domain name, the whole name comes first', () => {
  const spec = specOf({ domainname: 'example.com' });
  const { own } = hostFiles(spec, 'web', { network: null, nameServer: null, read: () => '' });
  assert.match(own['/etc/hosts'] ?? '', /^127\.0\.1\.1\tweb\.example\.com web$/m);
});
