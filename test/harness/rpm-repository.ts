import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requiresProgram } from './requires.ts';

/** Options of a test that installs packages from such a repository. */
export function requiresRpm(): { readonly skip: string | false } {
  return requiresProgram('dnf', 'rpmbuild', 'createrepo_c', 'busybox');
}

/**
 * Makes a repository in FOLDER/repo: bash, which is a static /bin/sh; rootfiles, whose /root/.profile sets FROM=rpm; and more, which has
 * /etc/more with the word included.
 */
export function makeRpmRepository(folder: string): void {
  mkdirSync(join(folder, 'repo'), { recursive: true });
  const busybox = execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim();
  makePackage(folder, 'bash', '/bin/sh', `install -m 755 ${busybox} %{buildroot}/bin/sh`);
  makePackage(folder, 'rootfiles', '/root/.profile', 'echo "export FROM=rpm" >%{buildroot}/root/.profile');
  makePackage(folder, 'more', '/etc/more', 'echo included >%{buildroot}/etc/more');
  execFileSync('createrepo_c', ['--quiet', join(folder, 'repo')]);
}

/** A package that installs a file. */
function makePackage(folder: string, name: string, file: string, content: string): void {
  const sources = join(folder, `${name}.source`);
  writeFileSync(sources, '');
  const spec = join(folder, `${name}.spec`);
  writeFileSync(
    spec,
    `Name: ${name}\nVersion: 1\nRelease: 1\nSummary: For a test\nLicense: MIT\nAutoReqProv: no\n%description\n%install\nmkdir -p %{buildroot}$(dirname ${file})\n${content}\n%files\n${file}\n`,
  );
  execFileSync(
    'rpmbuild',
    ['-bb', '--quiet', '--define', `_topdir ${folder}/top`, '--define', `_rpmdir ${folder}/repo`, spec],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
}
