import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Host } from './outcome.ts';
import { within } from './until.ts';

/** A program that holds a lease. */
export class LeaseHolder implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly leaseId: Promise<string>;
  readonly #gone: Promise<unknown>;
  /** How often the lease was held so far. */
  times = 0;

  constructor({ socket }: Host, wire: 'grpc' | 'ttrpc' = 'grpc') {
    const program = join(import.meta.dirname, '../fixtures/lease-holder.ts');
    this.process = spawn(process.execPath, [program, socket, wire], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#gone = once(this.process, 'exit');
    const first = Promise.withResolvers<string>();
    if (this.process.stdout)
      createInterface(this.process.stdout).on('line', (line) => {
        this.times += 1;
        first.resolve(line);
      });
    this.leaseId = within('a lease', first.promise);
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.#gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) await this.kill();
  }
}
