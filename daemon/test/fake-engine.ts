import { check, type Given } from '../../common/schema.ts';
import type { Services } from '../engine/api.ts';
import type { ContainerView } from '../engine/containers/api.ts';
import type { Phase } from '../engine/containers/model/phase.ts';
import { type ContainerSpec, specSchema } from '../engine/containers/model/spec.ts';
import type { ExitStatus } from '../engine/process/exit-status.ts';
import type { InputFrame, Session, SessionSink } from '../engine/sessions/frames.ts';

/** The parts of the engine that a test provides. */
export type FakedServices = { readonly [Noun in keyof Services]?: Partial<Services[Noun]> };

/** An engine with the verbs that a test provides. Every other verb throws. */
export function fakeEngine(given: FakedServices): Services {
  return new Proxy(given as Services, {
    get: (services, noun) => fakeService(String(noun), services[noun as keyof Services] ?? {}),
  });
}

function fakeService(noun: string, verbs: object): object {
  return new Proxy(verbs, {
    get: (given, verb) =>
      Reflect.get(given, verb) ??
      (() => {
        throw new Error(`The test gave the engine no ${noun}.${String(verb)}`);
      }),
  });
}

/** A session that records its input. The test sends output through its sink. */
export class FakeSession implements Session {
  readonly sink: SessionSink;
  readonly frames: InputFrame[] = [];
  /** What `input` returns: whether more stdin is welcome. */
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

  /** Resolves when that many frames have come in. */
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
        direct: false,
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

/** A spec with all defaults but what `patch` says. */
export function specOf(patch: Partial<Given<typeof specSchema>> = {}): ContainerSpec {
  const required = { name: 'web', rootfs: { directory: '/srv/root' }, process: { args: ['/bin/sh'] } };
  return check(specSchema, { ...required, ...patch }, 'spec');
}

export const baseSpec = specOf();

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
    userNamespace: null,
    userNamespaceProblem: '',
    networkProgram: '',
    endpoints: [],
    ports: [],
    volumePaths: {},
    hidden: { masked: [], readOnly: [] },
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
