import { globSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LikerError } from '../../common/errors.ts';
import { type ElfFile, readElf } from './elf.ts';

/** The folders that the loader searches last: Debian's multiarch folders, then those of ld.so(8). */
const defaultFolders = [
  ...['x86_64-linux-gnu', 'aarch64-linux-gnu'].flatMap((triplet) => [
    `/lib/${triplet}`,
    `/usr/lib/${triplet}`,
  ]),
  ...['/lib64', '/usr/lib64', '/lib', '/usr/lib'],
];

interface Opened {
  readonly path: string;
  readonly elf: ElfFile;
}

/**
 * Finds the libraries of programs by the rules of ld.so(8), without running anything: DT_RPATH of the file and of its loaders,
 * DT_RUNPATH of the file, /etc/ld.so.conf, the default folders. LD_LIBRARY_PATH is ignored.
 */
export class Libraries {
  readonly #folders: readonly string[];
  readonly #opened = new Map<string, ElfFile | undefined>();
  readonly #found = new Set<string>();

  constructor(folders: readonly string[] = configuredFolders()) {
    this.#folders = folders;
  }

  /** Paths of all libraries and loaders found so far, with links not followed. */
  get paths(): readonly string[] {
    return [...this.#found];
  }

  /** Adds what the ELF file `program` needs, directly or indirectly. Throws BAD_ROOTFS if a library is missing. */
  add(program: string): void {
    const elf = this.#open(program);
    if (elf === undefined)
      throw new LikerError('BAD_ROOTFS', `Cannot read '${program}': there is no such file`);
    if (elf.interpreter !== undefined) this.#found.add(elf.interpreter);
    this.#addNeeded({ path: program, elf }, [], program);
  }

  /** Adds what a file needs that a program may load at run time. Skips a file whose libraries are missing. */
  addModule(path: string): void {
    try {
      this.add(path);
    } catch (error) {
      if (!(error instanceof LikerError)) throw error;
    }
  }

  /** The paths of the libraries of one program; none for a script. */
  ofProgram(path: string): string[] {
    const alone = new Libraries(this.#folders);
    alone.addModule(path);
    return alone.paths.map((found) => realpathSync(found));
  }

  /** Adds a library that programs load by name, such as libnss_dns.so.2. Skips a missing one. */
  addByName(name: string, like: string): void {
    const loader = this.#open(like);
    if (loader === undefined) return;
    const found = this.#search(name, loader.machine, this.#folders);
    if (found === undefined || this.#found.has(found.path)) return;
    this.#found.add(found.path);
    this.#addNeeded(found, [], found.path);
  }

  #addNeeded(file: Opened, inherited: readonly string[], program: string): void {
    const { rpath, runpath } = searchPaths(file, inherited);
    for (const name of file.elf.needed) {
      const found = this.#search(name, file.elf.machine, [...rpath, ...runpath, ...this.#folders]);
      if (found === undefined) {
        throw new LikerError(
          'BAD_ROOTFS',
          `Cannot copy '${program}': its library ${name} is not on this machine`,
          {
            metadata: { program, library: name },
          },
        );
      }
      if (this.#found.has(found.path)) continue;
      this.#found.add(found.path);
      this.#addNeeded(found, rpath, program);
    }
  }

  #search(name: string, machine: number, folders: readonly string[]): Opened | undefined {
    const candidates = name.includes('/') ? [name] : folders.map((folder) => join(folder, name));
    for (const path of candidates) {
      const elf = this.#open(path);
      if (elf?.machine === machine) return { path, elf };
    }
    return undefined;
  }

  #open(path: string): ElfFile | undefined {
    if (!this.#opened.has(path)) this.#opened.set(path, openElf(path));
    return this.#opened.get(path);
  }
}

/** A DT_RUNPATH disables the DT_RPATHs of the file and of its loaders. */
function searchPaths(
  { path, elf }: Opened,
  inherited: readonly string[],
): Record<'rpath' | 'runpath', string[]> {
  const origin = dirname(path);
  const expand = (folder: string): string => folder.replaceAll(/\$ORIGIN\b|\$\{ORIGIN\}/g, () => origin);
  if (elf.runpath.length > 0) return { rpath: [], runpath: elf.runpath.map(expand) };
  return { rpath: [...elf.rpath.map(expand), ...inherited], runpath: [] };
}

function openElf(path: string): ElfFile | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw error;
  }
  return readElf(bytes, path);
}

/** The folders in /etc/ld.so.conf and the files that it includes, then the default folders. */
export function configuredFolders(file = '/etc/ld.so.conf'): string[] {
  return [...new Set([...readConfiguration(file, 0), ...defaultFolders])];
}

function readConfiguration(file: string, depth: number): string[] {
  if (depth > 8) return []; // a file that includes itself
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    const [word = '', pattern] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (word !== 'include') return word.startsWith('/') ? [word] : [];
    if (pattern === undefined) return [];
    const files = globSync(join(pattern.startsWith('/') ? '/' : dirname(file), pattern)).sort();
    return files.flatMap((included) => readConfiguration(included, depth + 1));
  });
}
