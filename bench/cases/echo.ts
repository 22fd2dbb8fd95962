import { type IPty, spawn } from 'node-pty';
import { type Contestant, interleave } from '../measure.ts';
import { medianOf, type Result, rowsOf, share } from '../report.ts';
import type { Case } from './case.ts';

/** Keys typed on one line of the shell, before it is cleared. */
const lineLength = 40;

/** From a key to its echo in an idle shell, through `run -it` and in bash alone. */
export const echoCase: Case = async ({ lab, peers, quick }): Promise<Result> => {
  await using shells = new AsyncDisposableStack();
  const contestants: Contestant[] = [];
  const add = async (name: string, command: string, env: NodeJS.ProcessEnv): Promise<void> => {
    const shell = shells.use(await Shell.open(command, env));
    contestants.push({ name, run: async () => ({ ms: await shell.echo() }) });
  };
  const likerctl = lab.likerctl;
  await add('likerctl run -it', `${likerctl} run -it --rm ${lab.rootfs} /bin/bash --norc`, lab.env);
  for (const peer of peers.filter(({ isRuntime }) => !isRuntime)) {
    const command = peer.run(['/bin/bash', '--norc'], { tty: true }).replace('%N', `${process.pid}-echo`);
    await add(`${peer.name} run -it`, peer.runner.inside(command), peer.runner.env);
  }
  await add('bash itself', 'bash --norc', process.env);
  const samples = await interleave(contestants, { rounds: quick ? 60 : 200, warmUp: 20 });
  const rows = rowsOf(samples, 'podman run -it');
  return {
    name: 'echo',
    title: 'a key to its echo, run -it bash',
    unit: 'ms',
    rows,
    notes: [],
    aims: [
      {
        work: 'a key to its echo',
        row: 'likerctl run -it',
        limit: share(medianOf(rows, 'podman run -it'), 0.8),
        bound: "0.8 × podman's",
      },
    ],
  };
};

class Shell implements AsyncDisposable {
  readonly #terminal: IPty;
  #heard = (_text: string): void => {};
  #typed = 0;

  private constructor(terminal: IPty) {
    this.#terminal = terminal;
    terminal.onData((text) => this.#heard(text));
  }

  static async open(command: string, env: NodeJS.ProcessEnv): Promise<Shell> {
    const terminal = spawn('/bin/sh', ['-c', `exec ${command}`], { name: 'xterm', cols: 80, rows: 24, env });
    const shell = new Shell(terminal);
    await shell.#until(/[#$] $/);
    return shell;
  }

  /** Milliseconds from a key to its echo. */
  async echo(): Promise<number> {
    if (++this.#typed % lineLength === 0) await this.#send('\x15', /./s);
    return this.#send('x', /x/);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#terminal.onExit(resolve));
    this.#terminal.write('\x15exit\r');
    await ended;
  }

  async #send(text: string, expected: RegExp): Promise<number> {
    const begin = performance.now();
    const seen = this.#until(expected);
    this.#terminal.write(text);
    await seen;
    return performance.now() - begin;
  }

  #until(expected: RegExp): Promise<void> {
    let heard = '';
    return new Promise((resolve) => {
      this.#heard = (text) => {
        heard += text;
        if (expected.test(heard)) resolve();
      };
    });
  }
}
