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
