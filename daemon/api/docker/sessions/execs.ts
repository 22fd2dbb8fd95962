import { randomBytes } from 'node:crypto';
import type { ExecProcess, TerminalSize } from '../../../engine/process/spec.ts';
import { HttpError } from '../http/errors.ts';
import type { Stream } from './stream.ts';

/** A process that was asked for by a call of its own, and is started by another. */
export interface Exec {
  readonly id: string;
  readonly containerId: string;
  readonly process: ExecProcess;
  readonly attached: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
  readonly detachKeys: string;
  isStarted: boolean;
  size: TerminalSize | null;
  stream: Stream | null;
  pid: number;
  /** Null: it has not ended. */
  exitCode: number | null;
  /** When it was made, or ended, by performance.now(). */
  touchedMs: number;
}

/** How long an exec is known after its end; one that nobody starts, after it was made. */
const keptMs = 10 * 60_000;

export class Execs {
  readonly #execs = new Map<string, Exec>();

  create(asked: Pick<Exec, 'containerId' | 'process' | 'attached' | 'detachKeys'>): Exec {
    this.#forgetOld();
    const exec: Exec = {
      id: randomBytes(32).toString('hex'),
      ...asked,
      ...{ isStarted: false, size: null, stream: null, pid: 0, exitCode: null },
      touchedMs: performance.now(),
    };
    this.#execs.set(exec.id, exec);
    return exec;
  }

  find(reference: string): Exec {
    const exec = this.#execs.get(reference) ?? this.#byPrefix(reference);
    if (exec === undefined) throw new HttpError(404, `No such exec instance: ${reference}`);
    return exec;
  }

  of(containerId: string): string[] {
    return [...this.#execs.values()].filter((exec) => isRunning(exec, containerId)).map(({ id }) => id);
  }

  #byPrefix(prefix: string): Exec | undefined {
    const matches = [...this.#execs.keys()].filter((id) => id.startsWith(prefix));
    return matches.length === 1 ? this.#execs.get(matches[0] ?? '') : undefined;
  }

  #forgetOld(): void {
    const oldest = performance.now() - keptMs;
    for (const [id, exec] of this.#execs)
      if (exec.touchedMs < oldest && (!exec.isStarted || exec.exitCode !== null)) this.#execs.delete(id);
  }
}

function isRunning(exec: Exec, containerId: string): boolean {
  return exec.containerId === containerId && exec.isStarted && exec.exitCode === null;
}
