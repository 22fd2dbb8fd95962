import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '../../common/digest.ts';
import { tarEnd, tarHeader, tarPadding } from '../../common/tar.ts';

/** Names and contents of a layer's files. A name with a slash at its end is a folder. */
export type LayerFiles = Readonly<Record<string, string>>;

export interface ImageParts {
  /** With a tag, such as local/web:1. */
  readonly name: string;
  /** As the OCI image specification has it: Env, Cmd, User … */
  readonly config?: object;
  /** The lowest first. A folder is taken as it is, except that root owns its files; a tar file is the layer. */
  readonly layers: readonly (LayerFiles | { readonly folder: string } | { readonly tar: string })[];
}

/** An archive as docker save writes it, in `folder`. Answers its path. */
export function imageArchive(folder: string, { name, config = {}, layers }: ImageParts): string {
  const work = mkdtempSync(join(tmpdir(), 'lk-image-'));
  try {
    const diffIds = layers.map((layer, index) => writeLayer(work, index, layer));
    const configuration = {
      architecture: process.arch === 'x64' ? 'amd64' : 'arm64',
      os: 'linux',
      created: '2026-01-01T00:00:00Z',
      config,
      rootfs: { type: 'layers', diff_ids: diffIds },
      history: diffIds.map(() => ({ created_by: 'test' })),
    };
    writeFileSync(join(work, 'config.json'), JSON.stringify(configuration));
    const entry = {
      Config: 'config.json',
      RepoTags: [name],
      Layers: layers.map((_, index) => `${index}.tar`),
    };
    writeFileSync(join(work, 'manifest.json'), JSON.stringify([entry]));
    const archive = join(folder, `${name.replaceAll(/\W/g, '-')}.tar`);
    // A link to a file outside is that file.
    execFileSync('tar', ['-C', work, '-chf', archive, 'manifest.json', 'config.json', ...entry.Layers]);
    return archive;
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** Answers the diff id. */
function writeLayer(work: string, index: number, layer: ImageParts['layers'][number]): string {
  const archive = join(work, `${index}.tar`);
  if ('tar' in layer && layer.tar.startsWith('/')) {
    symlinkSync(layer.tar, archive);
    // By a program, since it may be larger than memory.
    const [hex = ''] = execFileSync('sha256sum', [archive], { encoding: 'utf8' }).split(' ');
    return `sha256:${hex}`;
  }
  if ('folder' in layer && layer.folder.startsWith('/')) {
    const owner = ['--numeric-owner', '--owner=0', '--group=0'];
    execFileSync('tar', ['-C', layer.folder, ...owner, '-cf', archive, '.']);
  } else writeFileSync(archive, archiveOf(layer as LayerFiles));
  return digestOf(readFileSync(archive));
}

/** The same files are the same layer, whenever it is made. */
function archiveOf(files: LayerFiles): Buffer {
  const folders = new Set(Object.keys(files).flatMap(foldersOf));
  const made = [...folders].map((name) => tarHeader({ kind: 'folder', name, size: 0 }));
  const written = Object.entries(files)
    .filter(([name]) => !name.endsWith('/'))
    .flatMap(([name, content]) => {
      const size = Buffer.byteLength(content);
      return [tarHeader({ kind: 'file', name, size, mode: 0o755 }), Buffer.from(content), tarPadding(size)];
    });
  return Buffer.concat([...made, ...written, tarEnd()]);
}

/** The folders that a name is in, the uppermost first: of a/b/c they are a and a/b. */
function foldersOf(name: string): string[] {
  const parts = name.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** Makes a folder with Debian's busybox-static and its applets, and users. */
export function busyboxFolder(folder: string): { readonly folder: string } {
  const bin = join(folder, 'bin');
  for (const name of ['bin', 'etc', 'tmp', 'root', 'home/web'])
    mkdirSync(join(folder, name), { recursive: true });
  cpSync('/bin/busybox', join(bin, 'busybox'));
  const applets = execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).split('\n').filter(Boolean);
  for (const name of applets) if (name !== 'busybox') symlinkSync('busybox', join(bin, name));
  writeFileSync(join(folder, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nweb:x:33:44::/home/web:/bin/sh\n');
  writeFileSync(join(folder, 'etc/group'), 'root:x:0:\nwww:x:44:\nmore:x:45:web\n');
  return { folder };
}
