import { join } from 'node:path';
import xterm from '@xterm/headless';
import { type IPty, spawn } from 'node-pty';
import { environment, program } from './likerctl.ts';
import type { Host } from './outcome.ts';
import { hangMs, within } from './until.ts';

export interface TerminalOptions {
  readonly cols?: number;
  readonly rows?: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** A program other than likerctl. */
  readonly file?: string;
}

/** A program on a real terminal with a readable screen. */
export class TerminalSession implements AsyncDisposable {
  readonly pty: IPty;
  readonly exit: Promise<number>;
  readonly #screen: xterm.Terminal;
  readonly #watchers = new Set<() => void>();
  #raw = '';
  #hasExited = false;
  /** It has exited, and all its output is on the screen. */
  #hasEnded = false;

  constructor(host: Host, args: readonly string[], options: TerminalOptions) {
    const { cols = 80, rows = 24 } = options;
    this.#screen = new xterm.Terminal({ cols, rows, scrollback: 5000, allowProposedApi: true });
    this.pty = spawn(options.file ?? host.client ?? program, [...args], {
      name: 'xterm-256color',
      cols,
      rows,
      env: environment(host, { TERM: 'xterm-256color', ...options.env }),
      cwd: options.cwd ?? '/',
    });
    this.pty.onData((data) => {
      this.#raw += data;
      this.#screen.write(data, () => this.#tell());
    });
    // The screen's responses, such as the cursor's position, are sent back as if typed.
    this.#screen.onData((data) => this.type(data));
    const ended = new Promise<number>((resolve) => {
      this.pty.onExit(({ exitCode, signal }) => {
        this.#hasExited = true;
        // The screen processes writes asynchronously: only then is all output visible.
        this.#screen.write('', () => {
          this.#hasEnded = true;
          resolve(signal ? 128 + signal : exitCode);
          this.#tell();
        });
      });
    });
    this.exit = ended;
  }

  /** The exit code. Throws if the program does not end. */
  end(): Promise<number> {
    return within('the program on the terminal does not end', this.exit, { state: () => this.screen() });
  }

  type(keys: string): void {
    if (!this.#hasExited) this.pty.write(keys);
  }

  resize(cols: number, rows: number): void {
    this.#screen.resize(cols, rows);
    this.pty.resize(cols, rows);
  }

  /** All bytes so far as text. */
  get raw(): string {
    return this.#raw;
  }

  /** The visible lines, without trailing blanks. */
  screen(): string {
    const { buffer, rows } = this.#screen;
    return lines(buffer.active, buffer.active.baseY, rows);
  }

  /** The visible lines and those that have scrolled away. */
  history(): string {
    const { buffer } = this.#screen;
    return lines(buffer.active, 0, buffer.active.length);
  }

  /** Resolves when the history matches: if `mark()` was called, only what follows it. */
  async waitForText(pattern: RegExp | string, where: () => string = () => this.history()): Promise<string> {
    const matches = (text: string): boolean =>
      typeof pattern === 'string' ? text.includes(pattern) : pattern.test(text);
    const seen = new Promise<string>((resolve, reject) => {
      const watcher = (): void => {
        const text = where();
        if (matches(text)) resolve(text);
        else if (this.#hasEnded) reject(new Error(`Ended before ${pattern}:\n${text}`));
        else return;
        this.#watchers.delete(watcher);
      };
      this.#watchers.add(watcher);
      watcher();
    });
    return within(`no ${pattern} on the screen`, seen, { deadlineMs: hangMs, state: () => this.history() });
  }

  /** Types a line into a shell and resolves when `pattern` occurs after it. */
  async run(line: string, pattern: RegExp | string): Promise<string> {
    const before = this.#raw.length;
    this.type(`${line}\r`);
    return this.waitForText(pattern, () => this.#raw.slice(before).replace(line, ''));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasExited) this.pty.kill('SIGKILL');
    await this.exit;
    this.#screen.dispose();
  }

  #tell(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

function lines(buffer: xterm.IBuffer, from: number, count: number): string {
  const text: string[] = [];
  for (let row = from; row < from + count; row++) {
    const line = buffer.getLine(row);
    const joined = line?.translateToString(true) ?? '';
    if (line?.isWrapped && text.length > 0) text[text.length - 1] += joined;
    else text.push(joined);
  }
  return text
    .map((line) => line.trimEnd())
    .join('\n')
    .trimEnd();
}

/** likerctl, or another program, on a terminal. */
export function terminal(
  host: Host,
  args: readonly string[],
  options: TerminalOptions = {},
): TerminalSession {
  return new TerminalSession(host, args, options);
}

/** A shell script on a terminal, with the repository's bin in its PATH. */
export function shellOnTerminal(host: Host, script: string, options: TerminalOptions = {}): TerminalSession {
  const path = `${join(program, '..')}:${process.env['PATH'] ?? ''}`;
  return new TerminalSession(host, ['-c', script], {
    ...options,
    file: '/bin/bash',
    env: { PATH: path, ...options.env },
  });
}
