import type { EngineContext } from '../../context.ts';
import type { HeldPorts, LinkEndpoint } from '../../kernel.ts';
import type { Container } from '../model/container.ts';
import type { AppliedLimit } from '../model/spec.ts';
import type { ContainerDevices } from '../rules/limits.ts';

/** A start under way. Its resources note here what the plan and the record of the run need of them. */
export interface Start {
  readonly container: Container;
  readonly devices: ContainerDevices;
  cgroupPaths: Readonly<Record<string, string>>;
  /** Limits as the kernel took them. */
  readonly applied: AppliedLimit[];
  /** Its interfaces; empty: it is connected to nothing. */
  links: readonly LinkEndpoint[];
  /** Ports of the host, until the shim has them. */
  readonly held: HeldPorts[];
  /** Ports of the host, until the program that connects the container has bound them itself. */
  readonly reserved: HeldPorts[];
  /** What other processes and the kernel still do for it, beside its other resources and its plan. The shim is spawned after that. */
  readonly pending: Pending;
}

/** Work that goes on in the background, until somebody needs it done. Nothing that it has touched is released before it has ended. */
export class Pending implements AsyncDisposable {
  readonly #all: Promise<void>[] = [];

  add(work: Promise<void>): void {
    // Whoever waits hears of a failure.
    work.catch(() => {});
    this.#all.push(work);
  }

  async done(): Promise<void> {
    await Promise.all(this.#all);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#all);
  }
}

/** What a run holds on the host, in a file of its own. run-resources.ts lists them all. */
export interface RunResource {
  /** If it throws, nothing is left of it. */
  acquire(context: EngineContext, start: Start): Promise<void> | void;
  /** Finds it again after a restart of the daemon, before the shim is asked. */
  reattach?(context: EngineContext, container: Container): Promise<void> | void;
  /** Called at the end of the run, after a failed start, and again if it throws. What is gone already is no error. */
  release(context: EngineContext, container: Container): Promise<void> | void;
}
