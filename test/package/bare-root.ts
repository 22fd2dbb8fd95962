import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { requiresProgram } from '../harness/requires.ts';
import { TerminalSession } from '../harness/terminal.ts';

const here = import.meta.dirname;
const repository = join(here, '../..');
const run = promisify(execFile);
const weekMs = 7 * 24 * 3600 * 1000;

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Builds the package with another version number. Returns its path. */
export async function buildPackage(version: string, folder: string): Promise<string> {
  const args = ['scripts/package', '--fast', '--version', version, '--output', folder];
  const { stdout } = await run('sh', args, { cwd: repository });
  return stdout.trim();
}

/** A tar file of Debian 12, or why there is none. */
export interface DebianTar {
  readonly file?: string;
  readonly skip: string | false;
}

/** What the package needs to be installed, by Debian 12's names. */
export function packageDependencies(): string[] {
  const control = readFileSync(join(repository, 'packaging/debian/control.in'), 'utf8');
  const [, depends = ''] = /^Depends: (.*(?:\n .*)*)$/m.exec(control) ?? [];
  return depends.split(',').map((one) => one.trim().split(/[ |]/)[0] ?? '');
}

/**
 * Debian 12 with only `packages` and their dependencies, rebuilt once a week and for other packages; skipped if no mirror can be
 * reached.
 */
export async function debianTar(name: string, packages: readonly string[]): Promise<DebianTar> {
  const lacks = requiresProgram('mmdebstrap', 'dpkg-deb', 'unshare', 'nsenter');
  if (lacks.skip !== false) return lacks;
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'liker-package');
  const file = join(cache, `bookworm-${name}.tar`);
  const list = `${file}.packages`;
  const isCurrent = existsSync(list) && readFileSync(list, 'utf8') === packages.join(',');
  if (isCurrent && Date.now() - statSync(file).mtimeMs < weekMs) return { file, skip: false };
  mkdirSync(cache, { recursive: true });
  const include = `--include=${packages.join(',')}`;
  // Two test files may make it at the same time.
  const fresh = `${file}.${process.pid}`;
  // In its own mount namespace, since it creates mounts.
  const command = ['mmdebstrap', '--quiet', '--variant=minbase', '--format=tar', include, 'bookworm'];
  try {
    await run('unshare', ['--mount', '--propagation', 'private', ...command, fresh]);
  } catch (error) {
    rmSync(fresh, { force: true });
    const why = /^E: .*/m.exec((error as Result).stderr)?.[0] ?? String(error);
    return { skip: `needs a mirror of Debian: ${why}` };
  }
  renameSync(fresh, file);
  writeFileSync(list, packages.join(','));
  return { file, skip: false };
}

/** Debian 12 in a new folder. */
export function unpack({ file = '' }: DebianTar): string {
  const root = mkdtempSync(join(tmpdir(), 'lk-bare-'));
  execFileSync('tar', ['-C', root, '--numeric-owner', '-xpf', file]);
  return root;
}

/** A machine without systemd whose root is a folder. Its processes end with it, and its cgroups are below its own. */
export class BareRoot implements AsyncDisposable {
  readonly root: string;
  /** Its group in every hierarchy. */
  readonly cgroup = `liker-bare-${process.pid}`;
  readonly #holder: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(root: string) {
    this.root = root;
    this.#holder = spawn('sh', [join(here, 'hold-root'), root, this.cgroup], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#ended = new Promise((resolve) => this.#holder.once('exit', resolve));
  }

  static async start(root: string): Promise<BareRoot> {
    const machine = new BareRoot(root);
    await Promise.race([
      new Promise((resolve) => machine.#holder.stdout?.once('data', resolve)),
      machine.#ended.then(() => Promise.reject(new Error(`hold-root ${root} has ended`))),
    ]);
    return machine;
  }

  /** Copies a file from the host to this machine. */
  async put(file: string, path: string): Promise<void> {
    const child = spawn('sh', this.#enter('sh', '-c', `cat >'${path}'`), {
      stdio: [openSync(file, 'r'), 'ignore', 'inherit'],
    });
    const code = await new Promise((resolve) => child.once('exit', resolve));
    if (code !== 0) throw new Error(`Cannot copy '${file}' to '${path}'`);
  }

  /** Runs a shell script on it. */
  async sh(script: string): Promise<Result> {
    try {
      const { stdout, stderr } = await run('sh', this.#enter('sh', '-c', script), {
        timeout: 120_000,
        maxBuffer: 1 << 26,
      });
      return { code: 0, stdout, stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as Result;
      if (typeof code !== 'number') throw error;
      return { code, stdout, stderr };
    }
  }

  /** As `sh`, but throws on failure. Returns stdout without the last newline. */
  async ok(script: string): Promise<string> {
    const { code, stdout, stderr } = await this.sh(script);
    if (code !== 0) throw new Error(`${script}: ${code}\n${stdout}${stderr}`);
    return stdout.trimEnd();
  }

  /** Runs a program of the machine on a terminal. */
  terminal(...command: readonly string[]): TerminalSession {
    return new TerminalSession({ socket: '' }, this.#enter(...command), { file: '/bin/sh' });
  }

  #enter(...command: readonly string[]): string[] {
    return [join(here, 'enter-root'), String(this.#pid()), this.cgroup, ...command];
  }

  /** Its first process is the only child of the only child (unshare) of the holder. */
  #pid(): number {
    const child = (pid: number): number => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'));
    return child(child(this.#holder.pid ?? 0));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#holder.stdin?.end();
    await this.#ended;
    rmSync(this.root, { recursive: true, force: true });
  }
}
