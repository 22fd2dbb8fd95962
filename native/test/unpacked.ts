import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  type Failure,
  reports as lines,
  type Report,
  type UnpackedLayer,
} from '../../daemon/kernel/archive/report.ts';
import { pack } from './packed.ts';

/** LIKER_UNPACK names another binary: the sanitized one. */
export const liker = process.env['LIKER_UNPACK'] ?? join(import.meta.dirname, '../build/liker-unpack');

/** The program's run on a complete archive: all reports, how it ended, and paths of the layer's files and of its recipe. */
export function run(
  folder: string,
  archive: Buffer,
  ...options: readonly string[]
): {
  readonly reports: Report<UnpackedLayer>[];
  readonly ended: SpawnSyncReturns<string>;
  readonly target: string;
  readonly recipe: string;
} {
  mkdirSync(folder, { recursive: true });
  const source = join(folder, 'source');
  const target = join(folder, 'target');
  const recipe = join(folder, 'recipe');
  writeFileSync(source, archive);
  mkdirSync(target, { mode: 0o700 });
  const fds = [openSync(source, 'r'), openSync(target, 'r'), openSync(recipe, 'w+')] as const;
  const ended = spawnSync(liker, ['--recipe', ...options], {
    input: `end ${archive.length}\n`,
    stdio: ['pipe', 'pipe', 'pipe', ...fds],
    encoding: 'utf8',
    timeout: 120_000,
  });
  for (const fd of fds) closeSync(fd);
  const reports = ended.stdout.split('\n').filter(Boolean).map(lines.unpack);
  return { reports, ended, target, recipe };
}

/**
 * The layer, if it was unpacked, and its recipe gives the same archive again; else throws an Error with what the program said. So every archive
 * of every test is one that recipes are tried with.
 */
export function unpack(
  folder: string,
  archive: Buffer,
  ...options: readonly string[]
): { readonly layer: UnpackedLayer; readonly target: string; readonly recipe: string } {
  const { reports, ended, target, recipe } = run(folder, archive, ...options);
  const last = reports.at(-1);
  if (last?.kind !== 'done' || ended.status !== 0)
    throw new Error(`${ended.stdout}${ended.stderr}ended with ${ended.status ?? ended.signal}`);
  const { archive: again } = pack(['recipe'], { recipe, folder: target });
  if (again.diffId !== last.outcome.diffId)
    throw new Error(`The recipe gives an archive of ${again.unpacked} bytes, of ${last.outcome.unpacked}`);
  return { layer: last.outcome, target, recipe };
}

/** Why it was not unpacked. */
export function refusal(folder: string, archive: Buffer, ...options: readonly string[]): Failure {
  const { reports, ended } = run(folder, archive, ...options);
  const last = reports.at(-1);
  if (last?.kind !== 'failed' || ended.status !== 1)
    throw new Error(`${ended.stdout}${ended.stderr}ended with ${ended.status ?? ended.signal}`);
  return last.failure;
}

export interface Node {
  readonly type: 'file' | 'folder' | 'link' | 'character' | 'block' | 'pipe' | 'socket';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeNs: bigint;
  /** Of files. */
  readonly size: number;
  readonly digest: string;
  readonly target: string;
  readonly device: number;
  /** The first of its names, in the order of their bytes. */
  readonly first: string;
  /** By name, in hexadecimal digits. */
  readonly xattrs: Readonly<Record<string, string>>;
}

/** All that is in a folder and the folder itself ('.'), by path. */
export function tree(top: string): Map<string, Node> {
  const nodes = new Map<string, Node>();
  const firsts = new Map<bigint, string>();
  const xattrs = allXattrs(top);
  const look = (path: string): void => {
    const file = join(top, path);
    const stat = lstatSync(file, { bigint: true });
    const isFile = stat.isFile();
    if (!firsts.has(stat.ino)) firsts.set(stat.ino, path);
    nodes.set(path, {
      type: typeOf(stat),
      mode: Number(stat.mode & 0o7777n),
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      mtimeNs: stat.mtimeNs,
      size: isFile ? Number(stat.size) : 0,
      digest: isFile ? createHash('sha256').update(readFileSync(file)).digest('hex') : '',
      target: stat.isSymbolicLink() ? readlinkSync(file) : '',
      device: Number(stat.rdev),
      first: firsts.get(stat.ino) ?? path,
      xattrs: xattrs.get(path) ?? {},
    });
    if (!stat.isDirectory()) return;
    for (const name of readdirSync(file).sort()) look(path === '.' ? name : `${path}/${name}`);
  };
  look('.');
  return nodes;
}

function typeOf(stat: ReturnType<typeof lstatSync> & object): Node['type'] {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'folder';
  if (stat.isSymbolicLink()) return 'link';
  if (stat.isCharacterDevice()) return 'character';
  if (stat.isBlockDevice()) return 'block';
  return stat.isFIFO() ? 'pipe' : 'socket';
}

/** getfattr(1) prints "# file: PATH" and then "name=0xDIGITS" lines, with octal escapes in paths. */
function allXattrs(top: string): Map<string, Record<string, string>> {
  const output = execFileSync('getfattr', ['-R', '-P', '-h', '-d', '-m', '-', '-e', 'hex', '.'], {
    cwd: top,
    encoding: 'latin1',
    maxBuffer: 1 << 28,
  });
  const found = new Map<string, Record<string, string>>();
  for (const part of output.split('\n\n').filter(Boolean)) {
    const [first = '', ...lines] = part.trimStart().split('\n');
    const escaped = first.replace('# file: ', '');
    const path = escaped.replace(/\\(\d{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    found.set(
      Buffer.from(path, 'latin1').toString(),
      Object.fromEntries(lines.map((line) => line.split('=') as [string, string])),
    );
  }
  return found;
}
