// A value that continues in another line, name or path: it stays one value, or is refused.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { ContainerSpecInput } from '../../proto/gen/types/liker/v1/ContainerSpec.ts';
import { hostileSuite, inBothModes } from './modes.ts';

const s = hostileSuite();
const read = () => readFileSync('/proc/sys/kernel/core_pattern', 'utf8');

inBothModes('CVE-2022-0811: a kernel parameter sets no other one', async ({ flags }) => {
  const before = read();
  for (const parameter of [
    'kernel.shm_rmid_forced=1+kernel.core_pattern=x',
    'kernel.shm_rmid_forced=1\nkernel.core_pattern=x',
    'kernel.shm_rmid_forced=1 kernel.core_pattern=x',
    'kernel.core_pattern=x',
    'kernel.modprobe=x',
    'kernel/core_pattern=x',
    'kernel.shm_rmid_forced/../core_pattern=x',
    'net.ipv4/../../kernel/core_pattern=x',
    'net...kernel.core_pattern=x',
    'net.%2e%2e.kernel.core_pattern=x',
  ]) {
    const { code, stderr } = await s.run([...flags, '--sysctl', parameter], ['true']);
    assert.equal(code, 125, parameter);
    assert.match(stderr, /kernel parameter|step 'sysctl' failed/);
  }
  assert.equal(read(), before);
});

test('CVE-2022-4318, CVE-2026-15809: no value adds a line to a file that Liker writes', async () => {
  const line = '\n192.0.2.66 evil';
  const more: readonly ContainerSpecInput[] = [
    { hostname: `a${line}` },
    { domainname: `a${line}` },
    { extraHosts: [`a${line}:192.0.2.1`] },
    { extraHosts: [`a:192.0.2.1${line}`] },
    { dns: [`192.0.2.1${line}`] },
    { dnsSearch: [`example.org${line}`] },
    { dnsOptions: [`ndots:2${line}`] },
    { hostname: 'a\r192.0.2.66 evil' },
    { extraHosts: ['a b:192.0.2.1'] },
    { dnsSearch: ['a nameserver 192.0.2.66'] },
  ];
  for (const values of more)
    await assert.rejects(
      s.api.run(s.spec(['true'], {}, values)).end,
      { details: /^Invalid / },
      JSON.stringify(values),
    );
  // The environment reaches the program as it is, and no file.
  const script = 'cat /etc/passwd /etc/group /etc/hosts /etc/resolv.conf';
  const session = s.api.run(
    s.spec(['sh', '-c', script], { env: [`HOME=/x${line}`, `USER=a${line}`, `HOSTNAME=b${line}`] }),
  );
  await session.exit();
  assert.doesNotMatch(session.stdout.toString(), /evil/);
});
