import { join } from 'node:path';
import type { Log } from '../host/log.ts';
import type { ContainerGroup } from '../kernel/cgroup/container-cgroup.ts';
import type { ContainerFolders } from '../storage/container-folders.ts';
import type { RootFolder } from '../storage/root-folder.ts';
import type { Supervision } from './containers/life/supervision.ts';
import type { Container } from './containers/model/container.ts';
import type { Ledger } from './containers/model/ledger.ts';
import type { Registry } from './containers/model/registry.ts';
import { delegatesCgroup } from './containers/model/systemd.ts';
import type { ImageContext } from './images/context.ts';
import type { Journal } from './journal/journal.ts';
import type {
  CgroupKernel,
  DeviceKernel,
  FileKernel,
  FileSocketKernel,
  MountKernel,
  NetworkKernel,
  ProcessKernel,
  ProcKernel,
  SecurityKernel,
  UserKernel,
} from './kernel.ts';
import type { Leases } from './leases/model/leases.ts';
import type { Networks } from './networks/model/networks.ts';
import type { Secrets } from './secrets/model/secrets.ts';
import type { OpenReaders } from './stats/open-readers.ts';
import type { Volumes } from './volumes/model/volumes.ts';

export type Folders = Omit<ContainerFolders, 'trashFolder'>;

export interface EngineContext {
  /** `socket`: that of the API. */
  readonly paths: { readonly root: string; readonly run: string; readonly socket: string };
  readonly log: Log;
  readonly journal: Journal;
  /** The journal's entries about containers. */
  readonly ledger: Ledger;
  readonly registry: Registry;
  readonly cgroups: CgroupKernel;
  readonly folders: Folders;
  readonly rootFolder: Pick<RootFolder, 'foreign' | 'roomOf'>;
  readonly images: ImageContext;
  readonly volumes: Volumes;
  readonly networks: Networks;
  readonly secrets: Secrets;
  readonly leases: Leases;
  readonly processes: ProcessKernel;
  readonly proc: ProcKernel;
  readonly mounts: MountKernel;
  readonly network: NetworkKernel;
  readonly devices: DeviceKernel;
  readonly files: FileKernel;
  readonly fileSockets: FileSocketKernel;
  readonly security: SecurityKernel;
  readonly users: UserKernel;
  readonly supervision: Supervision;
  /** Of the figures of containers. */
  readonly openReaders: OpenReaders;
  /** The database is a new one, since the last was damaged or is gone: what it knew is kept where it can be. */
  readonly recordsLost: boolean;
  /** Aborted when the shims are let go for the next daemon: nothing of a run is given back from then on. */
  readonly leaving: AbortController;
  /** Aborted when this daemon stops all containers at its end: no policy starts one again before the next daemon. */
  readonly stopping: AbortController;
}

export function runFolderOf(context: EngineContext, id: string): string {
  return join(context.paths.run, 'c', id);
}

/** The control groups of a container that was started. */
export function cgroupOf(
  context: Pick<EngineContext, 'cgroups'>,
  { id, spec, facts }: Pick<Container, 'id' | 'spec' | 'facts'>,
): ContainerGroup {
  return context.cgroups.open(id, {
    under: spec.cgroupParent,
    made: facts.cgroupPaths,
    delegated: delegatesCgroup(spec),
  });
}

/** Where every container mounts its root, each in a mount namespace of its own. */
export function rootMountPoint(context: EngineContext): string {
  return join(context.paths.run, 'root');
}
