import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TestContext } from 'node:test';
import { check } from '../../common/schema.ts';
import { adoptAll } from '../engine/containers/adopt/adopt.ts';
import type { Container } from '../engine/containers/model/container.ts';
import { Ledger } from '../engine/containers/model/ledger.ts';
import { livePhase } from '../engine/containers/model/phase.ts';
import { Registry } from '../engine/containers/model/registry.ts';
import { createContainer } from '../engine/containers/verbs/create.ts';
import { type ExecOptions, execInContainer } from '../engine/containers/verbs/exec.ts';
import { finishBegun } from '../engine/containers/verbs/finish-begun.ts';
import { finishConnecting } from '../engine/containers/verbs/finish-connecting.ts';
import { finishMounting } from '../engine/containers/verbs/finish-mounting.ts';
import { startContainer } from '../engine/containers/verbs/start.ts';
import type { EngineContext } from '../engine/context.ts';
import { adoptImages } from '../engine/images/adopt/adopt.ts';
import { imageContext } from '../engine/images/context.ts';
import { ImageLedger } from '../engine/images/model/ledger.ts';
import { Journal } from '../engine/journal/journal.ts';
import type {
  DeviceKernel,
  FileKernel,
  MountKernel,
  NetworkKernel,
  SecurityKernel,
} from '../engine/kernel.ts';
import { Leases } from '../engine/leases/model/leases.ts';
import { endLeft, watchLeft } from '../engine/leases/watch.ts';
import { restoreNetworks } from '../engine/networks/host/restore.ts';
import { Networks } from '../engine/networks/model/networks.ts';
import { execSchema } from '../engine/process/spec.ts';
import { Secrets } from '../engine/secrets/model/secrets.ts';
import type { ContainerProcess } from '../engine/sessions/process.ts';
import { OpenReaders } from '../engine/stats/open-readers.ts';
import { withSupervision } from '../engine/supervisor.ts';
import { Volumes } from '../engine/volumes/model/volumes.ts';
import { Content } from '../storage/content.ts';
import { LayerFolders } from '../storage/layers.ts';
import { RootFolder } from '../storage/root-folder.ts';
import { SecretFiles } from '../storage/secret-files.ts';
import { Trash } from '../storage/trash.ts';
import { Store } from '../store/store.ts';
import { type LogLine, memoryLog } from './api-fixture.ts';
import { specOf } from './fake-engine.ts';
import { FakeHost, fakeFolders, fakeVolumeFolders } from './fake-host.ts';

type Test = Pick<TestContext, 'after'>;
type SpecPatch = Parameters<typeof specOf>[0];

/** An engine's context on a fake host, with a real database in a temporary folder. A daemon can die, and a next one come. */
export class EngineFixture {
  readonly folder: string;
  readonly host: FakeHost;
  readonly context: EngineContext;
  readonly log: LogLine[] = [];
  readonly #store: Store;

  private constructor(
    folder: string,
    host: FakeHost,
    kernel: NetworkKernel = { ...network, links: host.links },
  ) {
    this.folder = folder;
    this.host = host;
    this.#store = new Store(join(folder, 'liker.db'));
    const log = memoryLog(this.log);
    const journal = new Journal(this.#store, log);
    const trash = new Trash(join(folder, 'trash'));
    this.context = withSupervision({
      paths: { root: folder, run: join(folder, 'run'), socket: join(folder, 'run/liker.sock') },
      log,
      journal,
      ledger: new Ledger(journal, this.#store),
      registry: new Registry(),
      cgroups: host.cgroups,
      folders: fakeFolders(folder),
      rootFolder: new RootFolder(folder),
      images: imageContext({
        log,
        ledger: new ImageLedger(journal, this.#store),
        content: new Content(folder, trash),
        layers: new LayerFolders(folder, trash),
        unpacker,
        packer: { recipe: noLayer, diff: noLayer },
        keepsBlobs: false,
        whiteouts: 'trusted',
        shortNames: 'docker',
        registries: {
          open: () => assert.fail('no registry'),
          checkCredentials: () => assert.fail('no registry'),
        },
      }),
      processes: host.processes,
      proc: host.proc,
      mounts,
      network: kernel,
      devices,
      files,
      fileSockets: { offer: noFiles },
      security,
      users: host.users,
      secrets: new Secrets(new SecretFiles(join(folder, 'run')), journal),
      leases: new Leases(journal, this.#store, log),
      volumes: new Volumes(journal, this.#store, fakeVolumeFolders(folder), log),
      networks: new Networks(journal, this.#store, log, '0123abcd'),
      openReaders: new OpenReaders(),
      recordsLost: false,
      leaving: new AbortController(),
      stopping: new AbortController(),
    });
  }

  static start(t: Test): EngineFixture {
    const folder = mkdtempSync(join(tmpdir(), 'liker-engine-'));
    mkdirSync(join(folder, 'run/c'), { recursive: true });
    mkdirSync(join(folder, 'rootfs'));
    const fixture = new EngineFixture(folder, new FakeHost());
    fixture.context.networks.nowRestored();
    t.after(() => {
      fixture.close();
      rmSync(folder, { recursive: true });
    });
    return fixture;
  }

  /** Changes the database behind the back of the daemon, which is to die next. */
  damage(sql: string): void {
    this.stops();
    using db = new DatabaseSync(join(this.folder, 'liker.db'));
    db.exec(`PRAGMA foreign_keys = OFF; ${sql}`);
  }

  /** As if killed: nothing is told to shims or stored. Answers the next daemon, which has adopted what was left. */
  async dies(t: Test, how = { freshBoot: false }): Promise<EngineFixture> {
    this.stops();
    const next = new EngineFixture(this.folder, this.host, this.context.network);
    t.after(() => next.close());
    next.context.leases.adopt(how);
    endLeft(next.context, how);
    next.context.volumes.adopt();
    next.context.networks.adopt();
    await adoptImages(next.context.images, next.context);
    await adoptAll(next.context, how);
    await restoreNetworks(next.context);
    for (const container of next.context.registry.all()) {
      finishConnecting(next.context, container);
      finishMounting(next.context, container);
      finishBegun(next.context, container);
    }
    watchLeft(next.context);
    return next;
  }

  /** As if killed. The database is closed. */
  stops(): void {
    for (const shim of this.host.shims.values()) shim.disconnect();
    this.close();
    // Its timers find nothing that runs.
    for (const container of this.context.registry.all())
      Object.assign(container, { phase: { state: 'created' } });
  }

  close(): void {
    this.context.leaving.abort();
    try {
      this.#store[Symbol.dispose]();
    } catch {
      // Closed before.
    }
  }

  create(patch: SpecPatch = {}): Promise<Container> {
    const spec = specOf({ rootfs: { directory: join(this.folder, 'rootfs') }, ...patch });
    return createContainer(this.context, spec, { replace: false, request: null });
  }

  async started(patch: SpecPatch = {}): Promise<Container> {
    const container = await this.create(patch);
    await startContainer(this.context, container);
    return container;
  }

  /** A process beside the main one. Its shim answers by `host.onExec`. */
  exec(
    container: Container,
    options: Partial<ExecOptions> = {},
    process: object = {},
  ): Promise<ContainerProcess> {
    const request = check(execSchema, { args: ['true'], ...process }, 'exec');
    return execInContainer(this.context, container, request, { onDisconnect: 'keep', ...options });
  }

  /** Ends the main process and waits until everything is released. */
  async ends(
    container: Container,
    how: { readonly code?: number; readonly signal?: number } = {},
  ): Promise<void> {
    this.host.shim(container.id).exit(0, how);
    await this.isOver(container);
  }

  async isOver(container: Container): Promise<void> {
    await container.changed.until(() => livePhase(container.phase) === null, 5000);
    await container.run?.ending;
  }

  /** As another daemon's fixture knows it. */
  find({ id }: Container): Container {
    return this.context.registry.find(id);
  }

  /** Of the events that were stored, in their order. */
  actions(): string[] {
    return this.context.journal.eventsAfter(0, 1000).map(({ action }) => action);
  }
}

/** Layers are unpacked elsewhere: daemon/engine/images/ has tests of its own. */
const noLayer = () => assert.fail('no layer is unpacked here');
const unpacker = { start: noLayer, startStream: noLayer };

const mounts: MountKernel = {
  visibleBelow: () => new Map(),
  of: (mountPoint) => ({ id: 1, mountPoint, device: '8:1', type: 'ext4', isShared: false, isSlave: false }),
};

/** The sysctl that this machine withholds from user namespaces. */
export const withheldSysctl = 'net.core.somaxconn';

const network: NetworkKernel = {
  sysctls: {},
  withheldSysctl: (names) => names.find((name) => name === withheldSysctl) ?? null,
  shapingProblem: () => '',
  checkNamespaceFile: () => {},
  pasta: null,
  cni: null,
  byDefault: 'none',
  publishAddresses: ['127.0.0.1', '::1'],
  links: null,
  firewall: null,
  holdPorts: () => assert.fail('no ports'),
  resolver: null,
  open: (path) => ({
    id: path,
    check: () => {},
    shape: () => [],
    interfaces: () => [],
    [Symbol.dispose]: () => {},
  }),
};

const devices: DeviceKernel = { below: async () => [], at: async () => [] };

const noFiles = () => {
  throw new Error('A fake container has no files');
};
const files: FileKernel = {
  stat: noFiles,
  watch: noFiles,
  makeFolder: noFiles,
  remove: noFiles,
  rename: noFiles,
  write: noFiles,
  list: noFiles,
  pack: noFiles,
  packTo: noFiles,
  whole: noFiles,
  wholeTo: noFiles,
  changes: noFiles,
  unpack: noFiles,
  unpackFrom: noFiles,
};

const security: SecurityKernel = {
  rightsOf: () => ({ capabilities: 0n, rlimits: [], seccomp: null, label: null, landlock: [] }),
  capabilities: [],
  capabilitiesOnHost: [],
  seccomp: false,
  modules: { landlockVersion: 0, apparmor: false, selinux: false },
  defaultPaths: { masked: [], readOnly: [] },
  lastGroup: 65_535,
};
