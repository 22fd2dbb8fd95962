import type { ContainerView, EngineApi } from '../engine/api.ts';
import type { ExitStatus, Phase } from '../engine/containers/model/phase.ts';
import { type ContainerSpec, noLimits } from '../engine/containers/model/spec.ts';
import type { InputFrame, Session, SessionSink } from '../engine/sessions/frames.ts';

/** An engine that can do what a test gives it; every other verb fails the test that calls it. */
export function fakeEngine(verbs: Partial<EngineApi>): EngineApi {
  return new Proxy(verbs as EngineApi, {
    get(given, name) {
      if (name in given) return given[name as keyof EngineApi];
      return () => {
        throw new Error(`The test gave the engine no ${String(name)}`);
      };
    },
  });
}

/** A session that notes what comes in; the test speaks through its sink. */
export class FakeSession implements Session {
  readonly sink: SessionSink;
  readonly frames: InputFrame[] = [];
  /** Whether more stdin is welcome. */
  welcome = true;
  resumed: () => void = () => {};
  readonly #gone = Promise.withResolvers<void>();
  readonly #waiters: { count: number; resolve: () => void }[] = [];
  lostCount = 0;

  constructor(sink: SessionSink) {
    this.sink = sink;
  }

  input(frame: InputFrame, resumed: () => void): boolean {
    this.frames.push(frame);
    this.resumed = resumed;
    for (const waiter of this.#waiters) if (this.frames.length >= waiter.count) waiter.resolve();
    return this.welcome;
  }

  lost(): void {
    this.lostCount += 1;
    this.#gone.resolve();
  }

  /** Resolves when the client has vanished. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** Resolves when so many frames have come in. */
  received(count: number): Promise<void> {
    if (this.frames.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ count, resolve }));
  }

  ready(): void {
    this.sink.send(
      {
        kind: 'ready',
        containerId: 'c'.repeat(64),
        containerName: 'web',
        processId: 'main',
        sessionId: 's1',
        tty: false,
        stdoutOffset: 0,
        stderrOffset: 0,
        stdinOffset: 0,
        openStdin: true,
        pid: 0,
      },
      () => {},
    );
  }

  exit(code: number): void {
    this.sink.send({ kind: 'exit', exit: exitStatus(code) }, () => {});
    this.sink.end();
  }
}

export function exitStatus(code: number): ExitStatus {
  return {
    code,
    signal: 0,
    coreDumped: false,
    oomKilled: false,
    startedAt: 1_700_000_000_000,
    exitedAt: 1_700_000_000_123.5,
    startError: '',
    outputCut: false,
  };
}

export const baseSpec: ContainerSpec = {
  name: 'web',
  rootfs: { directory: '/srv/root', mode: 'overlay' },
  process: {
    args: ['/bin/sh'],
    env: ['A=1'],
    cwd: '/',
    user: '',
    additionalGroups: [],
    tty: false,
    openStdin: false,
    terminalSize: null,
    noNewPrivileges: false,
    rlimits: [],
    privileged: false,
    oomScoreAdj: null,
  },
  hostname: '',
  domainname: '',
  namespaces: {
    pid: { kind: 'private' },
    ipc: { kind: 'private' },
    uts: { kind: 'private' },
    cgroup: { kind: 'private' },
    network: { kind: 'private' },
  },
  mounts: [],
  readOnly: false,
  shmSizeBytes: 64 * 1024 * 1024,
  init: true,
  capAdd: [],
  capDrop: [],
  sysctls: {},
  extraHosts: [],
  dns: [],
  labels: {},
  resources: noLimits,
  stopSignal: 15,
  stopTimeoutSeconds: 10,
  autoRemove: false,
  timeoutSeconds: 0,
  onDisconnect: 'keep',
  seccompUnconfined: false,
  restart: { name: 'no', maxRetries: 0 },
  devices: [],
  deviceRules: [],
  cgroupParent: '',
  limits: 'strict',
  healthCheck: null,
};

export function containerView(
  patch: { id?: string; spec?: ContainerSpec; phase?: Phase } = {},
): ContainerView {
  return {
    id: 'c'.repeat(64),
    spec: baseSpec,
    createdAt: 1_700_000_000_000,
    phase: { state: 'created' },
    cgroupPaths: {},
    appliedLimits: [],
    logPath: '/var/lib/liker/logs/c',
    execIds: [],
    attachedClients: 0,
    clientLost: false,
    restartCount: 0,
    oomKills: 0,
    finishedAt: null,
    health: null,
    sizes: null,
    ...patch,
  };
}
