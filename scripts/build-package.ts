// npm run package [-- --version V] [--output FOLDER] [--fast]: makes liker_VERSION_ARCH.deb from the built files.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stage } from './deb/stage.ts';
import { Tree } from './deb/tree.ts';

const top = join(import.meta.dirname, '..');
const packaging = join(top, 'packaging/debian');
const { values } = parseArgs({
  options: {
    version: { type: 'string' },
    output: { type: 'string', default: join(top, 'dist') },
    // For tests: compresses less.
    fast: { type: 'boolean', default: false },
  },
});

const packageJson = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8')) as { version: string };
const version = values.version ?? packageJson.version;
const epochSeconds = sourceDate();
const controlText = readFileSync(join(packaging, 'control.in'), 'utf8');
const maintainer = /^Maintainer: (.*)$/m.exec(controlText)?.[1] ?? '';
const work = mkdtempSync(join(tmpdir(), 'liker-package-'));
try {
  const tree = new Tree(join(work, 'tree'));
  await stage({ top, tree, version, changed: epochSeconds, maintainer });
  writeControl(tree);
  tree.settle(epochSeconds);
  console.log(makeDeb(tree));
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** The time of the last commit, so that the same sources make the same package (reproducible-builds.org). */
function sourceDate(): number {
  const given = process.env['SOURCE_DATE_EPOCH'];
  if (given !== undefined) return Number(given);
  try {
    return Number(
      execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: top, stdio: ['ignore', 'pipe', 'ignore'] }),
    );
  } catch {
    return Math.floor(Date.now() / 1000);
  }
}

function architecture(): string {
  return execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim();
}

function writeControl(tree: Tree): void {
  tree.settle(epochSeconds);
  const sums = tree
    .files()
    .map(({ path, contents }) => `${createHash('md5').update(contents).digest('hex')}  ${path}\n`);
  const control = controlText
    .replace('@VERSION@', version)
    .replace('@ARCHITECTURE@', architecture())
    .replace('@SIZE@', String(tree.sizeKib()));
  tree.write('DEBIAN/control', control);
  tree.write('DEBIAN/md5sums', sums.join(''));
  for (const script of ['postinst', 'prerm', 'postrm'])
    tree.write(`DEBIAN/${script}`, readFileSync(join(packaging, script)), 0o755);
}

function makeDeb(tree: Tree): string {
  mkdirSync(values.output, { recursive: true });
  const file = join(values.output, `liker_${version}_${architecture()}.deb`);
  // xz would take two minutes of CPU for 33 MB; zstd takes seconds for a few MB more. dpkg supports it since Debian 12.
  const compression = ['-Zzstd', values.fast ? '-z1' : '-z9'];
  execFileSync('dpkg-deb', ['--root-owner-group', ...compression, '--build', tree.folder, file], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epochSeconds) },
  });
  return file;
}
