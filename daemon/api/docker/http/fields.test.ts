import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dockersField } from './fields.ts';

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
