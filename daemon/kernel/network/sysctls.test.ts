import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sysctlName, sysctlPath, withheldSysctl } from './sysctls.ts';

test('a slash in the name of a sysctl is a dot of its file', () => {
  const name = 'net.ipv4.conf.eth0/5.forwarding';
  assert.equal(sysctlPath(name), 'net/ipv4/conf/eth0.5/forwarding');
  assert.equal(sysctlName(sysctlPath(name)), name);
});

test('T59: a sysctl is withheld if only network namespaces without a user namespace have it', () => {
  const asked: string[] = [];
  const exists = (path: string, { inUserNamespace }: { readonly inUserNamespace: boolean }): boolean => {
    asked.push(path);
    return path.endsWith('everywhere') || (path.endsWith('withheld') && !inUserNamespace);
  };
  assert.equal(
    withheldSysctl(['kernel.sem', 'net.everywhere', 'net.nowhere', 'net.core.withheld', 'net.more'], exists),
    'net.core.withheld',
  );
  assert.deepEqual(asked, [
    '/proc/sys/net/everywhere',
    '/proc/sys/net/nowhere',
    '/proc/sys/net/nowhere',
    '/proc/sys/net/core/withheld',
    '/proc/sys/net/core/withheld',
  ]);
  assert.equal(withheldSysctl(['net.everywhere'], exists), null);
});
