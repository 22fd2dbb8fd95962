import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeRoot } from '../../native/test/made-root.ts';
import { exec, tag, writeLayout } from './layout.ts';
import type { Docker, Podman } from './readers.ts';

export interface Tools {
  readonly podman: Podman;
  readonly docker: Docker;
}

/** Writes an OCI layout with one image, in `work/layout`. `work` is empty, and the maker's own. */
export type Maker = (work: string, tools: Tools) => void;

const layoutIn = (work: string) => `${join(work, 'layout')}:${tag}`;

/** What containers leave behind: changes of each kind in a root of makeRoot. */
const changes = `
  rm bin/cat; rm -r 'a folder'; rm lib; mkdir lib; echo new >lib/new
  rm -r var/tmp; mkdir -p var/tmp; echo again >var/tmp/again
  chmod 700 usr/lib; chown 33:44 empty; ln bin/su bin/su2; setfattr -n user.more -v 1 bin/sh
  touch -h -d @1600000000 dangling; mknod zero c 1 5; rm pipe; echo file >pipe`;

function change(root: string): void {
  execFileSync('sh', ['-ec', changes], { cwd: root });
}

/** makeRoot as a tar archive. */
function rootArchive(work: string): string {
  const [root, archive] = [join(work, 'root'), join(work, 'root.tar')];
  makeRoot(root);
  exec('tar', '-c', '--format=pax', '--xattrs', '--xattrs-include=*', '-C', root, '-f', archive, '.');
  return archive;
}

function umociImage(work: string): (...args: readonly string[]) => void {
  exec('umoci', 'init', '--layout', join(work, 'layout'));
  exec('umoci', 'new', '--image', layoutIn(work));
  makeRoot(join(work, 'root'));
  return (command = '', ...args) => void exec('umoci', command, '--image', layoutIn(work), ...args);
}

/** A container of buildah, from scratch or an image, that a step changes. Answers the container. */
function buildahContainer({ podman }: Tools, from: string, step: (root: string) => void): string {
  const container = podman.buildah('from', '-q', from);
  step(podman.buildah('mount', container));
  podman.buildah('unmount', container);
  return container;
}

/** Commits a container of buildah as `to`, twice if it is to have two layers. */
function buildahImage(work: string, tools: Tools, to: string, ...flags: readonly string[]): void {
  const { podman } = tools;
  const first = buildahContainer(tools, 'scratch', makeRoot);
  podman.buildah('commit', '-q', '--rm', ...flags, first, 'compared-first');
  const second = buildahContainer(tools, 'localhost/compared-first', change);
  podman.buildah('commit', '-q', '--rm', ...flags, second, 'compared-second');
  podman.buildah(
    'push',
    '-q',
    ...flags.filter((flag) => flag !== '--squash'),
    'localhost/compared-second',
    to,
  );
  podman.buildah('rmi', '-f', 'compared-second', 'compared-first');
  rmSync(join(work, 'root'), { recursive: true, force: true });
}

/** An image that docker has: from its archive. */
function dockerImage(work: string, { docker }: Tools, name: string): void {
  const archive = join(work, 'saved.tar');
  docker.do('save', '-o', archive, name);
  docker.do('rmi', '-f', name);
  exec('skopeo', 'copy', '-q', `docker-archive:${archive}`, `oci:${layoutIn(work)}`);
}

const dockerfile = `FROM scratch
COPY --chown=5:6 root/bin/busybox /bin/busybox
COPY root /
RUN ["/bin/busybox", "sh", "-c", "/bin/busybox rm /bin/cat; /bin/busybox rm -r /deep; /bin/busybox mkdir /deep; /bin/busybox chmod 711 /usr"]
`;

function context(work: string): string {
  const folder = join(work, 'context');
  makeRoot(join(folder, 'root'));
  writeFileSync(join(folder, 'Dockerfile'), dockerfile);
  return folder;
}

/** By what they are made with. */
export const byTools: Readonly<Record<string, Maker>> = {
  'umoci insert': (work) => umociImage(work)('insert', join(work, 'root'), '/'),

  'umoci insert with whiteouts and an opaque folder': (work) => {
    const umoci = umociImage(work);
    mkdirSync(join(work, 'more/usr'), { recursive: true });
    writeFileSync(join(work, 'more/usr/new'), 'new');
    umoci('insert', join(work, 'root'), '/');
    umoci('insert', '--opaque', join(work, 'more'), '/deep');
    umoci('insert', '--whiteout', '/bin/cat');
    umoci('insert', '--whiteout', '/a folder');
    umoci('insert', join(work, 'more/usr/new'), '/bin/ls');
  },

  'umoci repack': (work) => {
    const umoci = umociImage(work);
    umoci('insert', join(work, 'root'), '/');
    umoci('unpack', join(work, 'bundle'));
    change(join(work, 'bundle/rootfs'));
    umoci('repack', join(work, 'bundle'));
  },

  'buildah commit': (work, tools) => buildahImage(work, tools, `oci:${layoutIn(work)}`),

  'buildah commit --squash': (work, tools) => buildahImage(work, tools, `oci:${layoutIn(work)}`, '--squash'),

  'buildah commit in docker format': (work, tools) => {
    buildahImage(work, tools, `docker-archive:${join(work, 'saved.tar')}`, '--format', 'docker');
    exec('skopeo', 'copy', '-q', `docker-archive:${join(work, 'saved.tar')}`, `oci:${layoutIn(work)}`);
  },

  'buildah bud': (work, { podman }) => {
    podman.buildah('bud', '-q', '--layers', '--isolation', 'chroot', '-t', 'compared-built', context(work));
    podman.buildah('push', '-q', 'localhost/compared-built', `oci:${layoutIn(work)}`);
    podman.buildah('rmi', '-f', 'localhost/compared-built');
  },

  'podman import': (work, { podman }) => {
    podman.do('import', '-q', rootArchive(work), 'localhost/compared-import');
    podman.do('push', '-q', 'localhost/compared-import', `oci:${layoutIn(work)}`);
    podman.do('rmi', '-f', 'localhost/compared-import');
  },

  'docker import': (work, tools) => {
    tools.docker.do('import', rootArchive(work), 'compared-import');
    dockerImage(work, tools, 'compared-import');
  },

  'docker build': (work, tools) => {
    tools.docker.do('build', '-q', '--network', 'none', '-t', 'compared-built', context(work));
    dockerImage(work, tools, 'compared-built');
  },

  'docker cp and commit': (work, tools) => {
    const { docker } = tools;
    docker.do('import', rootArchive(work), 'compared-import');
    const container = docker.do('create', 'compared-import', '/bin/sh');
    cpSync(join(work, 'root/usr'), join(work, 'more'), { recursive: true });
    docker.do('cp', join(work, 'more'), `${container}:/deep`);
    docker.do('commit', container, 'compared-commit');
    docker.do('rm', '-v', container);
    dockerImage(work, tools, 'compared-commit');
    docker.do('rmi', 'compared-import');
  },

  'skopeo copy to zstd': (work) => {
    umociImage(work)('insert', join(work, 'root'), '/');
    const plain = join(work, 'plain');
    exec('mv', join(work, 'layout'), plain);
    const [from, to] = [`oci:${plain}:${tag}`, `oci:${layoutIn(work)}`];
    exec('skopeo', 'copy', '-q', '--dest-compress-format', 'zstd', from, to);
  },

  'mmdebstrap --variant=extract': (work) => {
    const archive = join(work, 'root.tar');
    const packages = 'base-files,netbase,iputils-ping';
    exec('mmdebstrap', '-q', '--variant=extract', `--include=${packages}`, 'bookworm', archive);
    writeLayout(join(work, 'layout'), { layers: [readFileSync(archive)] });
  },
};
