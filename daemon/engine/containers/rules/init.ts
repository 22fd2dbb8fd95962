import { posix } from 'node:path';
import type { AskedSpec } from '../model/spec.ts';

/** Programs that are made to be pid 1: they reap, and most do nothing, or less, as another. */
const inits: ReadonlySet<string> = new Set([
  'init',
  'systemd',
  'openrc-init',
  'runit',
  'runit-init',
  's6-linux-init',
  's6-svscan',
  'dinit',
  'finit',
  'sinit',
  'shepherd',
  // Made for containers.
  'tini',
  'tini-static',
  'dumb-init',
  'catatonit',
  'docker-init',
  'my_init',
]);

/** Whether a program is an init, by the name of its file alone: who else reaps is not known before it runs. */
export function isInit([program = '', applet = '']: readonly string[]): boolean {
  const name = posix.basename(program);
  return inits.has(name) || (name === 'busybox' && applet === 'init');
}

/** The paths at which init is systemd in all distributions that have it (as in podman-run(1), "--systemd"). */
const systemdPaths: ReadonlySet<string> = new Set(['/sbin/init', '/usr/sbin/init', '/usr/local/sbin/init']);

/** Whether a program is systemd, or may be. */
export function isSystemd([program = '']: readonly string[]): boolean {
  return posix.basename(program) === 'systemd' || systemdPaths.has(program);
}

/** Whether the container is made ready for systemd: as is asked, else if that is the program; only systemd's pid 1 needs it. */
export function forSystemd(asked: AskedSpec): boolean {
  const { systemd, init, namespaces, entrypoint = [], process } = asked;
  const isOwn = (namespaces?.pid?.kind ?? 'private') === 'private';
  return isOwn && init !== true && (systemd ?? isSystemd([...entrypoint, ...process.args]));
}

/** Whether Liker's init is pid 1: as is asked, else unless the program is an init; never where pid 1 is another container's or the host's. */
export function withInit(asked: AskedSpec): boolean {
  const { init, systemd, namespaces, entrypoint = [], process } = asked;
  const isOwn = (namespaces?.pid?.kind ?? 'private') === 'private';
  return isOwn && (init ?? !(systemd || isInit([...entrypoint, ...process.args])));
}
