import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dockersField, inDockersWords } from './fields.ts';

test("fields in Docker's words", () => {
  const known = {
    'spec.cap_add[0]': 'HostConfig.CapAdd[0]',
    'spec.dns': 'HostConfig.Dns',
    'spec.dns_search[1]': 'HostConfig.DnsSearch[1]',
    'spec.process.user': 'User',
    'process.args[0]': 'Cmd[0]',
    'resources.memory.max_bytes': 'HostConfig.Memory',
    'spec.egress': 'spec.egress',
    'spec.name_of_none': 'spec.name_of_none',
  };
  for (const [field, name] of Object.entries(known)) assert.equal(dockersField(field), name);
});

test('what a user has written stays as it is', () => {
  assert.equal(
    inDockersWords("Invalid spec.dns 'spec.dns$&': it is no address", 'spec.dns'),
    "Invalid HostConfig.Dns 'spec.dns$&': it is no address",
  );
  assert.equal(
    inDockersWords('Cannot use my-ports.txt for ports', 'labels'),
    'Cannot use my-ports.txt for ports',
  );
  assert.equal(inDockersWords("Invalid ports '80/x'", 'ports'), "Invalid HostConfig.PortBindings '80/x'");
  assert.equal(inDockersWords('reports are not ports', 'ports'), 'reports are not HostConfig.PortBindings');
});
