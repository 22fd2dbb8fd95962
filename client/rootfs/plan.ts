import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
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
import { isMadeAtInstallation, Packages } from './packages.ts';
import { interpreterOf, type Program, wantedProgram } from './programs.ts';

/** The content of a root file system. Keys are absolute paths in the new root, which has a merged /usr. */
export interface RootPlan {
  /** Modes by path. */
  readonly folders: ReadonlyMap<string, number>;
  /** Regular files of this machine to copy, by path. */
  readonly copies: ReadonlyMap<string, string>;
  /** Targets of links, by path. */
  readonly links: ReadonlyMap<string, string>;
  readonly texts: ReadonlyMap<string, TextFile>;
  readonly libraryCount: number;
  /** Notices about what may be missing at run time. */
  readonly remarks: readonly string[];
}

const programFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin'];

/** Files of packages that programs do not open. */
const documentation = /^\/usr\/share\/(bug|doc|doc-base|gtk-doc|help|info|lintian|locale|man)(\/|$)/;

/**
 * Finds everything that the programs need: their libraries and, for `wanted` programs, also the files of their packages. Throws
 * BAD_ROOTFS if a library is missing, BAD_ARGUMENT if an interpreter is.
 */
export function planRoot(expected: readonly Program[], wanted: readonly Program[]): RootPlan {
  const planner = new Planner();
  for (const program of [...expected, ...wanted]) planner.addProgram(program);
  if (wanted.length > 0) {
    const packages = new Packages();
    for (const program of wanted) planner.addPackages(packages, program);
  }
  planner.addLibraries(expected[0] ?? wanted[0]);
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
  readonly #folders = new Map(Object.entries(folders));
  readonly #programs = new Set<string>();
  readonly #remarks: string[] = [];

  addProgram({ name, path }: Program): void {
    this.#addExecutable(path);
    const inRoot = rootPath(path);
    if (basename(inRoot) !== name || !programFolders.includes(dirname(inRoot)))
      this.#link(`/usr/bin/${name}`, inRoot);
  }

  /** Adds the files that a program opens at run time and that its binary does not name: modules, data, settings. */
  addPackages(packages: Packages, { name, path }: Program): void {
    const own = [path, realpathSync(path), ...this.#interpreters(path)];
    const owners = packages.ownersOf(own);
    if (owners.length === 0) {
      const why = packages.isEmpty
        ? 'this machine has no records of packages (dpkg)'
        : 'no package contains it';
      this.#remarks.push(
        `${name}: only its libraries were copied, since ${why}. Add the data and modules that it opens by hand`,
      );
    }
    const { paths, lacking } = packages.closureOf(
      owners.length > 0 ? owners : packages.ownersOf(this.#libraries.ofProgram(realpathSync(path))),
      name,
    );
    for (const found of paths) this.#addPackaged(found);
    if (lacking.length > 0) {
      this.#remarks.push(`${name}: recommended packages are missing on this machine: ${lacking.join(', ')}`);
    }
  }

  /** Adds all libraries. `like` is a program for the same processor. */
  addLibraries(like: Program | undefined): void {
    for (const name of openedByName)
      if (like !== undefined) this.#libraries.addByName(name, realpathSync(like.path));
    for (const path of this.#libraries.paths) this.addPath(path);
  }

  /** Adds a file, or a folder with everything below it. Skips a missing path. */
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
    const all = this.#folders;
    const texts = new Map(Object.entries(textFiles(this.#libraryFolders)));
    for (const path of texts.keys()) {
      this.#copies.delete(path);
      this.#links.delete(path);
    }
    for (const path of [...this.#copies.keys(), ...this.#links.keys(), ...texts.keys()])
      addParents(all, path);
    return {
      folders: new Map([...all].sort(([one], [other]) => (one < other ? -1 : 1))),
      copies: this.#copies,
      links: this.#links,
      texts,
      libraryCount: this.#libraries.paths.length,
      remarks: this.#remarks,
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

  /** The interpreters in the first line of a script. */
  #interpreters(path: string): string[] {
    const [interpreter, argument = ''] = interpreterOf(firstBytes(path));
    if (interpreter === undefined) return [];
    const isEnv = basename(interpreter) === 'env' && !argument.startsWith('-');
    const found = wantedProgram(isEnv ? argument : interpreter).path;
    return [found, realpathSync(found)];
  }

  /** Adds a path from the list of a package. Skips a path that is missing or cannot be read. */
  #addPackaged(path: string): void {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined || documentation.test(path)) return;
    if (found.isSymbolicLink()) this.#addPackagedLink(path);
    else if (isMadeAtInstallation(path)) this.addPath(path);
    else if (found.isDirectory()) {
      const inRoot = rootPath(path);
      if (!this.#folders.has(inRoot)) this.#folders.set(inRoot, found.mode & 0o1777);
    } else if (found.isFile()) this.#addPackagedFile(path);
  }

  #addPackagedFile(path: string): void {
    try {
      accessSync(path, constants.R_OK);
    } catch {
      this.#remarks.push(`${path} was not copied: only root can read it`);
      return;
    }
    this.#copies.set(rootPath(path), path);
    if (isElf(firstBytes(path))) this.#libraries.addModule(path);
  }

  #addPackagedLink(path: string): void {
    const target = resolve(dirname(path), readlinkSync(path));
    if (!existsSync(target) || documentation.test(target)) return;
    const inRoot = rootPath(path);
    if (inRoot in links) return;
    this.#link(inRoot, rootPath(target));
    if (statSync(target).isFile()) this.addPath(target);
  }

  #link(from: string, to: string): void {
    this.#links.set(from, relative(dirname(from), to));
  }
}

/** The path in the new root of a path on this machine: follows the links in its folders, and moves /bin and /lib into /usr. */
function rootPath(path: string): string {
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
