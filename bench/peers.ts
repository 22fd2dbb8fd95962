import { execFileSync } from 'node:child_process';
import { Ctr } from './engines/ctr.ts';
import { Docker } from './engines/docker.ts';
import { type Engine, isInstalled, runTrue } from './engines/engine.ts';
import { OciRuntime } from './engines/oci.ts';
import { Podman } from './engines/podman.ts';
import type { Lab } from './lab.ts';

interface Maker {
  readonly programs: readonly string[];
  open(lab: Lab, within: readonly string[]): Engine | Promise<Engine>;
}

const makers: Readonly<Record<string, Maker>> = {
  crun: { programs: ['crun'], open: ({ home, rootfs }) => new OciRuntime('crun', home, rootfs) },
  runc: { programs: ['runc'], open: ({ home, rootfs }) => new OciRuntime('runc', home, rootfs) },
  podman: { programs: ['podman'], open: ({ home, rootfs }, within) => new Podman(home, rootfs, within) },
  ctr: { programs: ['containerd', 'ctr'], open: ({ home, rootfs }) => Ctr.open(home, rootfs) },
  docker: {
    programs: ['containerd', 'docker', 'dockerd'],
    open: ({ home, rootfs }, within) => Docker.open(home, rootfs, within),
  },
};

export const peerNames = Object.keys(makers);

/**
 * The installed peers that work; prints why others are left out. `placeOf`: a command that executes another one in the network namespace that the
 * peer may change; empty: it gets no network.
 */
export async function openPeers(
  lab: Lab,
  without: readonly string[],
  placeOf: (name: string) => Promise<readonly string[]> = async () => [],
): Promise<Engine[]> {
  const peers: Engine[] = [];
  for (const [name, { programs, open }] of Object.entries(makers)) {
    const missing = programs.find((program) => !isInstalled(program));
    if (without.includes(name)) continue;
    if (missing !== undefined) {
      console.log(`Without ${name}: ${missing} is not installed`);
      continue;
    }
    try {
      await using stack = new AsyncDisposableStack();
      const peer = stack.use(await open(lab, await placeOf(name)));
      await runTrue(peer);
      stack.move();
      peers.push(peer);
    } catch (error) {
      console.log(`Without ${name}: ${(error as Error).message}`);
    }
  }
  return peers;
}

/** The first line of the program's --version. */
export function versionOf(name: string): string {
  const program = makers[name]?.programs.at(-1) ?? name;
  return execFileSync(program, ['--version'], { encoding: 'utf8' }).split('\n')[0] ?? '';
}
