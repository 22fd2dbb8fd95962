import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { containerdSocket, PeerDaemon, startContainerd, unmountBelow } from '../../bench/engines/daemon.ts';
import { type Node, tree } from '../../native/test/unpacked.ts';
import { exec, tag } from './layout.ts';

/** What another tool makes of an image. */
export interface Reader {
  readonly name: string;
  /** The merged root of an OCI layout's image, by path. Throws what the tool says when it refuses it. */
  read(layout: string): Promise<Map<string, Node>>;
}

const execFileLater = promisify(execFile);

/** As exec, without holding up the other readers. */
async function execLater(program: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execFileLater(program, args, { maxBuffer: 1 << 28, timeout: 300_000 });
  return stdout.trim();
}

/** The tree that overlayfs shows of these folders, the lowest first. */
export function mergedTree(top: string, lowers: readonly string[]): Map<string, Node> {
  const folder = mkdtempSync(join(top, 'merged-'));
  // Links with short names, since the options of a mount have to fit into a page. The kernel wants two folders at least.
  for (const name of ['root', '0']) mkdirSync(join(folder, name));
  const names = lowers.map((lower, index) => {
    symlinkSync(lower, join(folder, String(index + 1)));
    return String(index + 1);
  });
  try {
    const list = [...names.toReversed(), '0'].join(':');
    execFileSync('mount', ['-t', 'overlay', '-o', `ro,lowerdir=${list}`, 'overlay', 'root'], { cwd: folder });
    try {
      return tree(join(folder, 'root'));
    } finally {
      exec('umount', join(folder, 'root'));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export class Umoci implements Reader {
  readonly name = 'umoci';
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async read(layout: string): Promise<Map<string, Node>> {
    const bundle = mkdtempSync(join(this.#folder, 'umoci-'));
    try {
      await execLater('umoci', 'unpack', '--image', `${layout}:${tag}`, bundle);
      return tree(join(bundle, 'rootfs'));
    } finally {
      rmSync(bundle, { recursive: true });
    }
  }
}

export class Podman implements Reader, Disposable {
  readonly name: string;
  readonly #folder: string;
  readonly #command: readonly string[];

  constructor(folder: string, driver: 'vfs' | 'overlay') {
    this.name = `podman ${driver}`;
    this.#folder = join(folder, `podman-${driver}`);
    const of = (name: string) => join(this.#folder, name);
    this.#command = ['--root', of('root'), '--runroot', of('run'), '--storage-driver', driver];
  }

  do(...args: readonly string[]): string {
    return exec('podman', ...this.#command, ...args);
  }

  /** buildah on the same storage. */
  buildah(...args: readonly string[]): string {
    return exec('buildah', ...this.#command, ...args);
  }

  async read(layout: string): Promise<Map<string, Node>> {
    const run = (...args: readonly string[]) => execLater('podman', ...this.#command, ...args);
    const id = await run('pull', '-q', `oci:${layout}:${tag}`);
    try {
      const root = await run('image', 'mount', id);
      try {
        return tree(root);
      } finally {
        await run('image', 'unmount', '-f', id);
      }
    } finally {
      await run('rmi', '-f', id);
    }
  }

  /** Its overlay driver mounts its own folder. */
  [Symbol.dispose](): void {
    unmountBelow(this.#folder);
  }
}

/** dockerd with a containerd of its own, all of whose files are in one folder. It neither makes a bridge nor rules. */
export class Docker implements Reader, AsyncDisposable {
  readonly name: string;
  readonly #folder: string;
  readonly #driver: string;
  readonly #daemons: readonly PeerDaemon[];

  private constructor(folder: string, driver: string, daemons: readonly PeerDaemon[]) {
    this.name = `docker ${driver}`;
    this.#folder = folder;
    this.#driver = driver;
    this.#daemons = daemons;
  }

  static async start(top: string, driver: 'vfs' | 'overlay2'): Promise<Docker> {
    const folder = join(top, `docker-${driver}`);
    mkdirSync(folder);
    const containerd = await startContainerd(join(folder, 'c'));
    const socket = join(folder, 'sock');
    try {
      const dockerd = await PeerDaemon.start(
        [
          ...['dockerd', '--containerd', containerdSocket(join(folder, 'c')), '--storage-driver', driver],
          ...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
          ...['--pidfile', join(folder, 'pid'), '-H', `unix://${socket}`],
          ...['--bridge=none', '--iptables=false', '--ip-forward=false', '--ip-masq=false'],
        ],
        { socket, log: join(folder, 'log') },
      );
      return new Docker(folder, driver, [dockerd, containerd]);
    } catch (error) {
      await containerd[Symbol.asyncDispose]();
      throw error;
    }
  }

  do(...args: readonly string[]): string {
    return exec('/usr/bin/docker', ...this.#at, ...args);
  }

  async read(layout: string): Promise<Map<string, Node>> {
    const archive = join(this.#folder, 'image.tar');
    const name = `compared:${tag}`;
    rmSync(archive, { force: true });
    await execLater('skopeo', 'copy', '-q', `oci:${layout}:${tag}`, `docker-archive:${archive}:${name}`);
    await execLater('/usr/bin/docker', ...this.#at, 'load', '-q', '-i', archive);
    try {
      return this.#tree(name);
    } finally {
      this.do('rmi', name);
    }
  }

  get #at(): string[] {
    return ['-H', `unix://${join(this.#folder, 'sock')}`];
  }

  /** Layers are known by the digests of all layers up to them, chained. */
  #tree(image: string): Map<string, Node> {
    const diffIds: string[] = JSON.parse(this.do('image', 'inspect', '-f', '{{json .RootFS.Layers}}', image));
    const folders: string[] = [];
    let chain = '';
    for (const diffId of diffIds) {
      const text = `${chain} ${diffId}`;
      chain = chain === '' ? diffId : `sha256:${createHash('sha256').update(text).digest('hex')}`;
      const record = join(this.#folder, 'data/image', this.#driver, 'layerdb', chain.replace(':', '/'));
      folders.push(readFileSync(join(record, 'cache-id'), 'utf8'));
    }
    const data = join(this.#folder, 'data', this.#driver);
    if (this.#driver === 'vfs') return tree(join(data, 'dir', folders.at(-1) ?? ''));
    return mergedTree(
      this.#folder,
      folders.map((name) => join(data, name, 'diff')),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const daemon of this.#daemons) await daemon[Symbol.asyncDispose]();
    unmountBelow(this.#folder);
  }
}
