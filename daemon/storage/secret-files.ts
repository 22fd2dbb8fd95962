import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** File systems in memory, by statfs(2). */
const inMemory: ReadonlySet<number> = new Set([0x0102_1994, 0x8584_58f6]);
const sharedMemory = '/dev/shm';

export interface SecretFile {
  readonly name: string;
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/**
 * Secrets as files in memory: in the run folder if that is in memory, else in a closed folder below /dev/shm. They outlive likerd, but not the
 * machine.
 */
export class SecretFiles {
  /** Null: this machine has no file system in memory for them. */
  readonly #folder: string | null;

  constructor(run: string) {
    const hash = createHash('sha256').update(run).digest('hex').slice(0, 16);
    const places = [
      [run, join(run, 'secrets')],
      [sharedMemory, join(sharedMemory, `liker-secrets-${hash}`)],
    ] as const;
    this.#folder = places.find(([top]) => isInMemory(top))?.[1] ?? null;
  }

  get isPossible(): boolean {
    return this.#folder !== null;
  }

  list(): SecretFile[] {
    return this.#names().map((name) => {
      const { size, mtimeMs } = lstatSync(this.#path(name));
      return { name, bytes: size, createdAt: Math.floor(mtimeMs) };
    });
  }

  has(name: string): boolean {
    return this.#names().includes(name);
  }

  read(name: string): Buffer {
    return readFileSync(this.#path(name));
  }

  /** Fails for one that exists. */
  create(name: string, content: Uint8Array): void {
    const path = this.#path(name);
    this.#makeFolder();
    try {
      writeFileSync(path, content, { mode: 0o600, flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') this.remove(name);
      throw error;
    }
  }

  remove(name: string): void {
    rmSync(this.#path(name), { force: true });
    if (this.#folder !== null && this.#names().length === 0) rmdirSync(this.#folder);
  }

  #names(): string[] {
    if (this.#folder === null || !isOwnFolder(this.#folder)) return [];
    return readdirSync(this.#folder).sort();
  }

  #path(name: string): string {
    if (this.#folder === null) throw new Error('There is no file system in memory');
    return join(this.#folder, name);
  }

  #makeFolder(): void {
    if (this.#folder === null || isOwnFolder(this.#folder)) return;
    mkdirSync(this.#folder, { mode: 0o700 });
  }
}

function isInMemory(path: string): boolean {
  try {
    return inMemory.has(statfsSync(path).type);
  } catch {
    return false;
  }
}

/** Anybody can make a folder below /dev/shm, but not one that belongs to another user. */
function isOwnFolder(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return false;
  if (found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0) return true;
  throw new Error(`'${path}' belongs to another user, or is open to others; remove it`);
}
