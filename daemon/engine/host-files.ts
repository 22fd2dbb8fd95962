import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerSpec } from './container/spec.ts';

const names = ['hostname', 'hosts', 'resolv.conf'] as const;

/** The files of /etc that a container is given: target to source. A mount of the user's own takes precedence. */
export function hostFiles(folder: string, spec: ContainerSpec): Record<string, string> {
  const own = new Set(spec.mounts.map((mount) => mount.target));
  const given = names.filter((name) => !own.has(`/etc/${name}`));
  return Object.fromEntries(given.map((name) => [`/etc/${name}`, join(folder, name)]));
}

/**
 * Writes /etc/hostname, /etc/hosts and /etc/resolv.conf of a container into its run folder, from where they are
 * bound: nothing is written into its root.
 */
export function writeHostFiles(
  folder: string,
  spec: ContainerSpec,
  hostname: string,
): Record<string, string> {
  const text: Record<(typeof names)[number], () => string> = {
    hostname: () => `${hostname}\n`,
    hosts: () => hosts(spec, hostname),
    'resolv.conf': () => resolvConf(spec),
  };
  for (const name of names) write(join(folder, name), text[name]());
  return hostFiles(folder, spec);
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text, { mode: 0o644 });
  } catch (error) {
    // Node's own of a write(2) does not name the file.
    throw Object.assign(error as NodeJS.ErrnoException, { path });
  }
}

function hosts(spec: ContainerSpec, hostname: string): string {
  const extra = spec.extraHosts.map((entry) => {
    const split = entry.indexOf(':');
    return `${entry.slice(split + 1)}\t${entry.slice(0, split)}\n`;
  });
  const own =
    spec.namespaces.network.kind === 'host'
      ? readHostFile('/etc/hosts')
      : `127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nff00::0\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n127.0.1.1\t${hostname}\n`;
  return own + extra.join('');
}

function resolvConf(spec: ContainerSpec): string {
  if (spec.dns.length > 0) return spec.dns.map((server) => `nameserver ${server}\n`).join('');
  return readHostFile('/etc/resolv.conf');
}

function readHostFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
