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

/** Whether Liker's init is pid 1: as is asked, else unless the program is an init; never where pid 1 is another container's or the host's. */
export function withInit({ init, namespaces, entrypoint = [], process }: AskedSpec): boolean {
  const isOwn = (namespaces?.pid?.kind ?? 'private') === 'private';
  return isOwn && (init ?? !isInit([...entrypoint, ...process.args]));
}
