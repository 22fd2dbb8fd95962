import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AskedSpec } from '../model/spec.ts';
import { forSystemd, isInit, withInit } from './init.ts';

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
    [asked({ systemd: true }), false],
    [asked({ systemd: true, init: true }), true],
    [asked({ systemd: false, process: program }), false],
  ] as const)
    assert.equal(withInit(spec), expected, JSON.stringify(spec));
});

test('a container is ready for systemd if that is its pid 1, or as is asked', () => {
  const command = (text: string) => ({ process: { args: text.split(' ') } });
  for (const [spec, expected] of [
    [asked(command('/sbin/init')), true],
    [asked(command('/usr/sbin/init --log-level=debug')), true],
    [asked(command('/lib/systemd/systemd')), true],
    [asked(command('systemd')), true],
    [asked({ entrypoint: ['/usr/local/sbin/init'] }), true],
    [asked(command('/init')), false],
    [asked(command('init')), false],
    [asked(command('/bin/busybox init')), false],
    [asked(command('s6-svscan /etc/s6')), false],
    [asked(command('sh -c /sbin/init')), false],
    [asked({ ...command('/sbin/init'), systemd: false }), false],
    [asked({ ...command('/sbin/init'), init: true }), false],
    [asked({ ...command('/sbin/init'), init: false }), true],
    [asked({ ...command('/sbin/init'), namespaces: { pid: { kind: 'host' } } }), false],
    [asked({ ...command('sh'), systemd: true }), true],
    [asked({ ...command('sh'), systemd: true, namespaces: { pid: { kind: 'host' } } }), false],
  ] as const)
    assert.equal(forSystemd(spec), expected, JSON.stringify(spec));
});
