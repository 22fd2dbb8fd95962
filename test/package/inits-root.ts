import { type DebianTar, debianTar } from './bare-root.ts';

/** Debian with systemd and s6. */
export function initsRoot(): Promise<DebianTar> {
  return debianTar('inits', ['dbus', 's6', 'systemd', 'systemd-sysv']);
}
