import { AsyncLocalStorage } from 'node:async_hooks';
import { Console } from 'node:console';
import { Writable } from 'node:stream';
import type { Host, Outcome } from './outcome.ts';

/**
 * Set where a start of Node.js takes seconds (test/vm): the client's code runs a command line within this
 * process.
 */
export const inProcess = process.env['LIKER_TEST_IN_PROCESS'] !== undefined;

class Collector extends Writable {
  readonly chunks: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    // A copy: a session reads from its shim into one buffer, again and again.
    this.chunks.push(Buffer.from(chunk));
    done();
  }
}

type Streams = Readonly<Record<'stdout' | 'stderr', Collector>>;

const streams = new AsyncLocalStorage<Streams>();

/** A command line that runs here has its own process.stdout and process.stderr. */
function redirect(name: keyof Streams): void {
  const real = process[name];
  Object.defineProperty(process, name, {
    configurable: true,
    get: () => streams.getStore()?.[name] ?? real,
  });
}

if (inProcess) {
  // The global console would send all output to the stream of its first user.
  globalThis.console = new Console({ stdout: process.stdout, stderr: process.stderr });
  redirect('stdout');
  redirect('stderr');
}

/** Like likerctl in a process of its own with an empty stdin. */
export async function likerctlHere({ socket }: Host, args: readonly string[]): Promise<Outcome> {
  const { dispatch } = await import('../../client/dispatch.ts');
  const own: Streams = { stdout: new Collector(), stderr: new Collector() };
  const code = await streams.run(own, () => dispatch(['--host', `unix://${socket}`, ...args]));
  const bytes = Buffer.concat(own.stdout.chunks);
  return { code, bytes, stdout: bytes.toString(), stderr: Buffer.concat(own.stderr.chunks).toString() };
}
