import { type DebianTar, debianTar } from './bare-root.ts';

/** Debian with programs that change users, ids and namespaces. */
export function idsRoot(): Promise<DebianTar> {
  return debianTar('ids', ['bubblewrap', 'iputils-ping', 'libcap2-bin', 'procps', 'sudo']);
}
