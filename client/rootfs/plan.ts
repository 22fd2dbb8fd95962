import { closeSync, existsSync, openSync, readdirSync, readSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { isElf } from './elf.ts';
import {
  extras,
  folders,
  links,
  openedByName,
  type TextFile,
  terminals,
  terminfoFolders,
  textFiles,
} from './files.ts';
import { configuredFolders, Libraries } from './libraries.ts';
import { interpreterOf, type Program, wantedProgram } from './programs.ts';

/** What a root file system is to hold. All keys are absolute paths in the new root, in the layout of a merged /usr. */
export interface RootPlan {
  /** Path → mode. */
  readonly folders: ReadonlyMap<string, number>;
  /** Path → the regular file here that is copied. */
  readonly copies: ReadonlyMap<string, string>;
  /** Path → the link's text. */
  readonly links: ReadonlyMap<string, string>;
  readonly texts: ReadonlyMap<string, TextFile>;
  readonly libraryCount: number;
}

const programFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin'];

/** Finds all that the programs need on this machine. Throws BAD_ROOTFS when a library or an interpreter is missing. */
export function planRoot(programs: readonly Program[]): RootPlan {
  const planner = new Planner();
  for (const program of programs) planner.addProgram(program);
  planner.addLibraries(programs[0]);
  for (const path of [...extras, ...terminfoEntries()]) planner.addPath(path);
  return planner.finish();
}

function terminfoEntries(): string[] {
  return terminfoFolders.flatMap((folder) => terminals.map((name) => `${folder}/${name.charAt(0)}/${name}`));
}

class Planner {
  readonly #copies = new Map<string, string>();
  readonly #links = new Map(Object.entries(links));
  readonly #libraryFolders = configuredFolders();
  readonly #libraries = new Libraries(this.#libraryFolders);
  readonly #programs = new Set<string>();

  addProgram({ name, path }: Program): void {
    this.#addExecutable(path);
    const inRoot = rootPath(path);
    if (basename(inRoot) !== name || !programFolders.includes(dirname(inRoot)))
      this.#link(`/usr/bin/${name}`, inRoot);
  }

  /** `like` is a program for the same processor. */
  addLibraries(like: Program | undefined): void {
    for (const name of openedByName)
      if (like !== undefined) this.#libraries.addByName(name, realpathSync(like.path));
    for (const path of this.#libraries.paths) this.addPath(path);
  }

  /** A file, or a folder with all below it; passed over when it is missing. */
  addPath(path: string): void {
    if (!existsSync(path)) return;
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path)) this.addPath(join(path, name));
      return;
    }
    const real = realpathSync(path);
    this.#copies.set(rootPath(real), real);
    if (rootPath(path) !== rootPath(real)) this.#link(rootPath(path), rootPath(real));
  }

  finish(): RootPlan {
    const all = new Map(Object.entries(folders));
    const texts = new Map(Object.entries(textFiles(this.#libraryFolders)));
    for (const path of [...this.#copies.keys(), ...this.#links.keys(), ...texts.keys()])
      addParents(all, path);
    return {
      folders: new Map([...all].sort(([one], [other]) => (one < other ? -1 : 1))),
      copies: this.#copies,
      links: this.#links,
      texts,
      libraryCount: this.#libraries.paths.length,
    };
  }

  #addExecutable(path: string): void {
    if (this.#programs.has(path)) return;
    this.#programs.add(path);
    this.addPath(path);
    const start = firstBytes(path);
    if (isElf(start)) this.#libraries.add(realpathSync(path));
    const [interpreter, argument] = interpreterOf(start);
    if (interpreter === undefined) return;
    this.#addExecutable(wantedProgram(interpreter).path);
    if (basename(interpreter) === 'env' && argument !== undefined && !argument.startsWith('-')) {
      this.addProgram(wantedProgram(argument));
    }
  }

  #link(from: string, to: string): void {
    this.#links.set(from, relative(dirname(from), to));
  }
}

/** Where a path of this machine is in the new root: the links in its folders followed, /bin and /lib moved into /usr. */
export function rootPath(path: string): string {
  const physical = join(realpathSync(dirname(path)), basename(path));
  return physical.replace(/^\/(bin|sbin|lib|lib64)\//, '/usr/$1/');
}

function addParents(all: Map<string, number>, path: string): void {
  for (let folder = dirname(path); folder !== '/'; folder = dirname(folder)) {
    if (!all.has(folder)) all.set(folder, 0o755);
  }
}

function firstBytes(path: string): Buffer {
  const bytes = Buffer.alloc(256);
  const fd = openSync(path, 'r');
  try {
    return bytes.subarray(0, readSync(fd, bytes));
  } finally {
    closeSync(fd);
  }
}
