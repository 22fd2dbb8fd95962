import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LikerError } from '../common/errors.ts';
import { Registry } from './engine/container/registry.ts';
import { Engine } from './engine/engine.ts';
import { Ledger } from './engine/ledger.ts';
import { OpenReaders } from './engine/stats/open-readers.ts';
import { makeIdentities } from './identities.ts';
import { Cgroups } from './kernel/cgroup/cgroups.ts';
import { bootId } from './kernel/proc/processes.ts';
import { Processes } from './kernel/process/processes.ts';
import { Layers } from './kernel/rootfs/layers.ts';
import type { Log } from './log.ts';
import { attachDeviceFilter } from './native/libliker.ts';
import { Store } from './store/store.ts';

export interface Composed {
  readonly engine: Engine;
  close(options: { readonly stopContainers: boolean }): Promise<void>;
}

/** The composition root: the one place that knows every concrete class. */
export async function compose(
  options: { readonly root: string; readonly run: string; readonly cgroup: string | null },
  log: Log,
): Promise<Composed> {
  mkdirSync(options.root, { recursive: true, mode: 0o711 });
  for (const folder of ['c', 'root', 'trash'])
    mkdirSync(join(options.run, folder), { recursive: true, mode: 0o711 });
  const root = realpathSync(options.root);
  const run = realpathSync(options.run);
  const store = openStore(root);
  const cgroups = Cgroups.open({
    parent: cgroupName(root),
    attachDeviceFilter,
    ...(options.cgroup !== null && { delegatedPath: options.cgroup }),
  });
  const layers = new Layers(root);
  const processes = new Processes();
  const engine = new Engine({
    paths: { root, run },
    log,
    ledger: new Ledger(store),
    registry: new Registry(),
    cgroups,
    layers,
    processes,
    identities: makeIdentities(),
    openReaders: new OpenReaders(),
    freshBoot: isFreshBoot(root),
  });
  await engine.adopt();
  return {
    engine,
    close: async ({ stopContainers }) => {
      if (stopContainers) await engine.stopAll();
      engine.leave();
      await layers.settled();
      cgroups.close();
      processes[Symbol.dispose]();
      store[Symbol.dispose]();
    },
  };
}

/** Remembers the boot in which a daemon ran last on this root. */
function isFreshBoot(root: string): boolean {
  const file = join(root, 'boot-id');
  const last = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const now = bootId();
  if (last !== now) writeFileSync(file, now);
  return last !== '' && last !== now;
}

/** Each root has its own parent group, so that daemons beside each other never touch each other's. */
function cgroupName(root: string): string {
  return `liker-${createHash('sha256').update(root).digest('hex').slice(0, 8)}`;
}

/** Opens the database, which only one daemon can hold. Errors: ALREADY_RUNNING. */
function openStore(root: string): Store {
  const pidFile = join(root, 'likerd.pid');
  try {
    const store = new Store(join(root, 'liker.db'));
    writeFileSync(pidFile, `${process.pid}\n`);
    return store;
  } catch (error) {
    if (!String((error as Error).message).includes('locked')) throw error;
    const pid = readFileSync(pidFile, 'utf8').trim();
    throw new LikerError(
      'ALREADY_RUNNING',
      `Cannot use '${root}': likerd with pid ${pid} holds it; stop that one, or give another --root`,
      { metadata: { pid, root } },
    );
  }
}
