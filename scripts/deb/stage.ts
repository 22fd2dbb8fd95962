import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { completionScript } from '../../client/cli/completion.ts';
import { commands } from '../../client/registry.ts';
import { bundle } from './bundle.ts';
import { libraryFolder, packagedLauncher } from './launchers.ts';
import { copyright } from './licences.ts';
import { clientPages, daemonPage, type ManOptions, shortPage } from './man.ts';
import type { Tree } from './tree.ts';

export interface StageOptions {
  /** The repository. */
  readonly top: string;
  readonly tree: Tree;
  readonly version: string;
  /** Time of the last change of the sources, in seconds since the epoch. */
  readonly changed: number;
  /** Name and e-mail address. */
  readonly maintainer: string;
}

/** Puts all files of the package into the tree. The repository must be built. */
export async function stage(options: StageOptions): Promise<void> {
  stagePrograms(options);
  await stageDaemon(options);
  stageSystem(options);
  await stageDocumentation(options);
}

function stagePrograms({ top, tree, version }: StageOptions): void {
  tree.copy(process.execPath, `${libraryFolder}/bin/node`);
  for (const name of ['likerd', 'liker']) {
    const launcher = packagedLauncher(readFileSync(join(top, 'bin', name), 'utf8'));
    tree.write(`${libraryFolder}/bin/${name}`, launcher, 0o755);
  }
  tree.copy(join(top, 'native/build/likerctl'), `${libraryFolder}/native/build/likerctl`);
  tree.link(`${libraryFolder}/bin/likerctl`, '../native/build/likerctl');
  for (const name of ['likerd', 'likerctl', 'liker'])
    tree.link(`usr/bin/${name}`, `../lib/liker/bin/${name}`);
  const ensure = packagedLauncher(readFileSync(join(top, 'scripts/ensure-daemon'), 'utf8'));
  tree.write(`${libraryFolder}/scripts/ensure-daemon`, ensure, 0o755);
  for (const script of ['replace-daemon', 'hold-cgroup'])
    tree.copy(join(top, 'packaging', script), `${libraryFolder}/scripts/${script}`);
  tree.copy(join(top, 'dist'), `${libraryFolder}/dist`, isProgram);
  const { name, description, license, type } = packageJson(top);
  tree.write(
    `${libraryFolder}/package.json`,
    `${JSON.stringify({ name, version, description, license, type }, null, 2)}\n`,
  );
}

/** The bundles and the client's code cache in dist/, but no leftovers of earlier runs and packages. */
function isProgram(path: string): boolean {
  return /\/(dist|boot\.cjs|likerd(-metrics|-docker)?\.mjs|likerctl(-[^/]*)?)$/.test(path);
}

async function stageDaemon({ top, tree }: StageOptions): Promise<void> {
  const library = join(tree.folder, libraryFolder);
  await bundle({
    top,
    entry: 'scripts/ensure-daemon.ts',
    outfile: join(library, 'scripts/ensure-daemon.mjs'),
  });
  // Files that bundled code reads by their paths relative to itself.
  for (const path of [
    'proto/gen/liker.binpb',
    'native/build/libliker.so',
    'native/build/liker-shim',
    'native/build/liker-rootless',
    'native/build/liker-unpack',
    'native/build/liker-pack',
    'native/build/liker-tree',
    'native/build/liker-resolver',
    'native/build/liker-tty.node',
    ...readProtos,
  ])
    tree.copy(join(top, path), `${libraryFolder}/${path}`);
  for (const path of ['node_modules/koffi', `node_modules/@koromix/koffi-linux-${process.arch}`])
    tree.copy(join(top, path), `${libraryFolder}/${path}`, runs);
  // Only a debugger needs the symbols.
  for (const path of ['bin/node', 'native/build/libliker.so'])
    execFileSync('strip', ['--strip-unneeded', join(library, path)]);
}

/** The documents in docs/ that are for users of the package, who do not have the repository. */
export const documents = [
  'api',
  'docker',
  'errors',
  'explain',
  'files',
  'health',
  'images',
  'kernel-facts',
  'library',
  'limits',
  'metrics',
  'networks',
  'packaging',
  'python',
  'registries',
  'restarts',
  'rootless',
  'rootfs',
  'secrets',
  'security',
  'security-options',
  'step-by-step',
  'step-by-step.zh',
  'traps',
  'user-namespaces',
  'volumes',
];

/** Folders from which packages read .proto files. */
const readProtos = ['node_modules/grpc-health-check/proto'];

/** Of a package with compiled code: the files that run here, but no sources. */
function runs(path: string): boolean {
  if (lstatSync(path).isDirectory()) return !/\/(vendor|doc|lib|abi|musl_[^/]*)$/.test(path);
  return /\.(c?js|json|node)$/.test(path) && !/\/(cnoke|trampolines)\.cjs$/.test(path);
}

function stageSystem({ top, tree }: StageOptions): void {
  for (const unit of ['likerd.service', 'likerd.socket', 'liker-containers.service'])
    tree.copy(join(top, 'packaging/systemd', unit), `usr/lib/systemd/system/${unit}`);
  for (const unit of ['likerd.service', 'liker-containers.service'])
    tree.copy(join(top, 'packaging/systemd/user', unit), `usr/lib/systemd/user/${unit}`);
  tree.copy(join(top, 'packaging/systemd/liker.sysusers'), 'usr/lib/sysusers.d/liker.conf');
  tree.copy(join(top, 'packaging/systemd/liker.tmpfiles'), 'usr/lib/tmpfiles.d/liker.conf');
  tree.copy(join(top, 'packaging/debian/lintian-overrides'), 'usr/share/lintian/overrides/liker');
}

async function stageDocumentation({ top, tree, version, changed, maintainer }: StageOptions): Promise<void> {
  const loaded = await Promise.all(commands.map((entry) => entry.load()));
  tree.write('usr/share/bash-completion/completions/likerctl', completionScript('bash', loaded));
  tree.write('usr/share/zsh/vendor-completions/_likerctl', completionScript('zsh', loaded));
  tree.write('usr/share/fish/vendor_completions.d/likerctl.fish', completionScript('fish', loaded));

  const time = new Date(changed * 1000);
  const options: ManOptions = { date: time.toISOString().slice(0, 10), version };
  for (const [name, text] of clientPages(loaded, options))
    tree.writeGzipped(`usr/share/man/man1/${name}`, text);
  tree.writeGzipped('usr/share/man/man1/liker.1', shortPage(options));
  tree.writeGzipped('usr/share/man/man8/likerd.8', daemonPage(daemonHelp(top), options));
  tree.write('usr/share/doc/liker/copyright', copyright(top));
  const entry = `liker (${version}) unstable; urgency=medium\n\n  * The sources of this day.\n`;
  const signature = ` -- ${maintainer}  ${time.toUTCString().replace('GMT', '+0000')}`;
  tree.writeGzipped('usr/share/doc/liker/changelog', `${entry}\n${signature}\n`);
  for (const name of documents) tree.copy(join(top, `docs/${name}.md`), `usr/share/doc/liker/${name}.md`);
  // Other programs read the .proto files here: docs/api.md.
  for (const name of ['liker', 'google'])
    tree.copy(join(top, 'proto', name), `usr/share/liker/proto/${name}`);
}

/** With root's folders, which appear as defaults, whoever builds the package. */
function daemonHelp(top: string): string {
  const env = { PATH: process.env['PATH'], LIKER_ROOT: '/var/lib/liker', LIKER_RUN: '/run/liker' };
  return execFileSync(join(top, 'bin/likerd'), ['--help'], { encoding: 'utf8', env });
}

function packageJson(top: string): Readonly<Record<'name' | 'description' | 'license' | 'type', string>> {
  return JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'));
}
