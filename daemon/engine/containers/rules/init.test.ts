import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AskedSpec } from '../model/spec.ts';
import { isInit, withInit } from './init.ts';

test('a program is an init by the name of its file', () => {
  for (const [command, expected] of [
    ['/init', true],
    ['/sbin/init', true],
    ['init', true],
    ['/lib/systemd/systemd --unit=x.target', true],
    ['/usr/bin/tini -- sh', true],
    ['/sbin/tini-static -g -- sh', true],
    ['dumb-init sh', true],
    ['catatonit -- sh', true],
    ['/bin/s6-svscan /etc/s6', true],
    ['/sbin/my_init', true],
    ['busybox init', true],
    ['/bin/busybox sh', false],
    ['busybox', false],
    ['sh', false],
    ['/etc/init.d/cron start', false],
    ['/usr/bin/systemd-run x', false],
    ['/docker-entrypoint.sh tini', false],
    ['/init/run', false],
    ['', false],
  ] as const)
    assert.equal(isInit(command.split(' ')), expected, command);
});

const asked = (more: Partial<AskedSpec>): AskedSpec => ({
  name: '',
  rootfs: { directory: '/r' },
  process: { args: ['sh'] },
  ...more,
});

test("Liker's init is pid 1 unless the program is one, or something else is asked for", () => {
  const host = { pid: { kind: 'host' } } as const;
  const program = { args: ['/sbin/init'] };
  for (const [spec, expected] of [
    [asked({}), true],
    [asked({ process: program }), false],
    [asked({ entrypoint: ['/usr/bin/tini', '--'] }), false],
    [asked({ init: false }), false],
    [asked({ init: true, process: program }), true],
    [asked({ namespaces: host }), false],
    [asked({ namespaces: host, init: true }), false],
  ] as const)
    assert.equal(withInit(spec), expected, JSON.stringify(spec));
});
