import { join } from 'node:path';
import type { Log } from '../host/log.ts';
import type { ContainerFolders } from '../storage/container-folders.ts';
import type { Supervision } from './containers/life/supervision.ts';
import type { Container } from './containers/model/container.ts';
import type { DeviceNode } from './containers/model/device-node.ts';
import type { Ledger } from './containers/model/ledger.ts';
import type { Registry } from './containers/model/registry.ts';
import type { ContainerSpec } from './containers/model/spec.ts';
import type { Credentials } from './containers/plan/process.ts';
import type { Journal } from './journal/journal.ts';
import type {
  CgroupKernel,
  ContainerGroup,
  MountKernel,
  NetworkKernel,
  ProcessKernel,
  ProcKernel,
} from './kernel.ts';
import type { ProcessSpec } from './process/spec.ts';
import type { OpenReaders } from './stats/open-readers.ts';

/** The user of a process, and what a container sees of the host. */
export interface Identities {
  /** Throws BAD_ARGUMENT for an invalid user, limit or capability. */
  resolve(
    spec: Pick<ContainerSpec, 'capAdd' | 'capDrop' | 'seccompUnconfined'>,
    process: ProcessSpec,
  ): Credentials;
  readonly maskedPaths: readonly string[];
  readonly readOnlyPaths: readonly string[];
  /** For a container with a network namespace of its own. */
  readonly networkSysctls: Readonly<Record<string, string>>;
  hostDevices(): Promise<readonly DeviceNode[]>;
  /** The node at a path of the host, or all nodes below a folder, for a path in the container. Throws BAD_ARGUMENT. */
  devicesAt(hostPath: string, containerPath: string): Promise<readonly DeviceNode[]>;
  readonly capabilityNames: readonly string[];
  readonly seccomp: boolean;
}

/** The folders of containers. */
export type Folders = Omit<ContainerFolders, 'discard'>;

interface EnginePaths {
  readonly root: string;
  readonly run: string;
}

/** What the verbs work with. */
export interface EngineContext {
  readonly paths: EnginePaths;
  readonly log: Log;
  readonly journal: Journal;
  /** The journal's entries about containers. */
  readonly ledger: Ledger;
  readonly registry: Registry;
  readonly cgroups: CgroupKernel;
  readonly folders: Folders;
  readonly processes: ProcessKernel;
  readonly proc: ProcKernel;
  readonly mounts: MountKernel;
  readonly network: NetworkKernel;
  readonly identities: Identities;
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

/** Folder of a container's run state. */
export function runFolder(context: EngineContext, id: string): string {
  return join(context.paths.run, 'c', id);
}

/** The control groups of a container that was started. */
export function cgroupOf(
  context: EngineContext,
  { id, spec, facts }: Pick<Container, 'id' | 'spec' | 'facts'>,
): ContainerGroup {
  return context.cgroups.open(id, spec.cgroupParent, facts.cgroupPaths);
}

/** Where every container mounts its root, each in a mount namespace of its own. */
export function rootMountPoint(context: EngineContext): string {
  return join(context.paths.run, 'root');
}
