import {
  chmodSync,
  cpSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** A tree of files as they will be installed, all owned by root. */
export class Tree {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  write(path: string, contents: string | Uint8Array, mode = 0o644): void {
    const target = this.#made(path);
    writeFileSync(target, contents);
    chmodSync(target, mode);
  }

  /** Without a timestamp, as Debian's policy asks. */
  writeGzipped(path: string, text: string): void {
    this.write(`${path}.gz`, gzipSync(text, { level: 9 }));
  }

  /** Copies a file, or the files of a folder for which `wanted` is true. Modes become 644, or 755 for executables. */
  copy(source: string, path: string, wanted: (file: string) => boolean = () => true): void {
    cpSync(source, this.#made(path), { recursive: true, filter: wanted });
  }

  link(path: string, target: string): void {
    symlinkSync(target, this.#made(path));
  }

  /** Gives every file its final mode and the same time, so that the same sources make the same package. */
  settle(epochSeconds: number): void {
    for (const path of this.#entries()) {
      const entry = lstatSync(path);
      if (!entry.isSymbolicLink()) chmodSync(path, entry.isDirectory() || entry.mode & 0o100 ? 0o755 : 0o644);
      lutimesSync(path, epochSeconds, epochSeconds);
    }
  }

  /** Sum of the files' sizes in KiB, each rounded up. */
  sizeKib(): number {
    return this.#entries().reduce((sum, path) => sum + Math.ceil(lstatSync(path).size / 1024), 0);
  }

  /** Paths of files from the top of the tree, in order. */
  files(): { readonly path: string; readonly contents: Buffer }[] {
    return this.#entries()
      .filter((path) => lstatSync(path).isFile())
      .map((path) => ({ path: path.slice(this.folder.length + 1), contents: readFileSync(path) }));
  }

  #made(path: string): string {
    const target = join(this.folder, path);
    mkdirSync(dirname(target), { recursive: true });
    return target;
  }

  #entries(): string[] {
    const below = readdirSync(this.folder, { recursive: true, encoding: 'utf8' }).sort();
    return [this.folder, ...below.map((name) => join(this.folder, name))];
  }
}
