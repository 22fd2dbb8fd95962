import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/**
 * Runs commands in a bash that times them from fork to exit: starting a process from Node.js would add
 * milliseconds. `N` in a command is replaced with a number that grows with each run.
 */
const loop = `
n=0
while IFS= read -r command; do
  n=$((n + 1))
  begin=$EPOCHREALTIME
  eval "\${command//%N/$$-$n}" >/dev/null 2>>"$LOG" </dev/null
  code=$?
  end=$EPOCHREALTIME
  echo "$code $(( \${end/./} - \${begin/./} ))"
done`;

/**
 * A private mount namespace without the cgroup2 mount of a hybrid layout, which crun 1.8 does not accept. On pure v2
 * the mount stays. /run is private, too, since not all that podman leaves there can be elsewhere, and so are the addresses of CNI.
 */
const privately = `
if [ -d /sys/fs/cgroup/unified ]; then umount /sys/fs/cgroup/unified; fi
mount -t tmpfs -o mode=755 run /run
if [ -d /var/lib/cni ]; then mount -t tmpfs -o mode=755 cni /var/lib/cni; fi
exec bash -c "$LOOP"`;

export class Runner implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #waiting: ((line: string) => void)[] = [];
  readonly #log: string;
  readonly #isolated: boolean;
  readonly env: NodeJS.ProcessEnv;

  constructor(options: {
    readonly cwd: string;
    readonly log: string;
    readonly env?: NodeJS.ProcessEnv;
    readonly isolated?: boolean;
    /** A command that executes another one in a network namespace. Default: none, for that of the benchmark. */
    readonly within?: readonly string[];
  }) {
    this.env = { ...process.env, ...options.env };
    this.#isolated = options.isolated ?? false;
    const env = { ...this.env, LOOP: loop, LOG: options.log };
    const command = options.isolated
      ? ['unshare', '-m', '--propagation', 'private', 'sh', '-c', privately]
      : ['bash', '-c', loop];
    const [program = '', ...args] = [...(options.within ?? []), ...command];
    this.#log = options.log;
    // Detached, here and elsewhere, so that only the benchmark gets an interrupt from the terminal, and cleans up.
    const stdio = ['pipe', 'pipe', 'inherit'] as const;
    this.#child = spawn(program, args, { cwd: options.cwd, env, stdio: [...stdio], detached: true });
    createInterface(this.#child.stdout).on('line', (line) => this.#waiting.shift()?.(line));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Milliseconds that the command took. Rejects if its exit code is not `code`. */
  async time(command: string, code = 0): Promise<number> {
    const answer = new Promise<string>((resolve) => this.#waiting.push(resolve));
    this.#child.stdin.write(`${command}\n`);
    const [ended = '', micros = ''] = (await answer).split(' ');
    if (Number(ended) !== code) throw new Error(`'${command}' ended with ${ended}; see ${this.#log}`);
    return Number(micros) / 1000;
  }

  /** The command, changed to run in the runner's mount namespace wherever it is started. */
  inside(command: string): string {
    return this.#isolated ? `nsenter --mount=/proc/${this.#child.pid}/ns/mnt ${command}` : command;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.stdin.end();
    await ended;
  }
}
