/** A small file of the new root that is generated instead of copied. */
export interface TextFile {
  readonly mode: number;
  readonly text: string;
}

/** Folders, with their modes, in addition to those of the copied files. */
export const folders: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    'dev etc home media mnt opt proc run srv sys usr usr/bin usr/sbin usr/lib usr/lib64 usr/local usr/local/bin var var/lib var/log'
      .split(' ')
      .map((name) => [`/${name}`, 0o755]),
  ),
  '/root': 0o700,
  '/tmp': 0o1777,
  '/var/tmp': 0o1777,
};

/** Links of a merged /usr, and others that programs expect. */
export const links: Readonly<Record<string, string>> = {
  '/bin': 'usr/bin',
  '/sbin': 'usr/sbin',
  '/lib': 'usr/lib',
  '/lib64': 'usr/lib64',
  '/var/run': '../run',
  '/etc/mtab': '../proc/self/mounts',
};

function lines(...text: string[]): string {
  return text.map((line) => `${line}\n`).join('');
}

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The generated files. `libraryFolders` are searched by the loader in addition to its own. */
export function textFiles(libraryFolders: readonly string[]): Record<string, TextFile> {
  const file = (...text: string[]): TextFile => ({ mode: 0o644, text: lines(...text) });
  return {
    '/etc/passwd': file(
      'root:x:0:0:root:/root:/bin/bash',
      'daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin',
      'bin:x:2:2:bin:/bin:/usr/sbin/nologin',
      'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
    ),
    '/etc/group': file(
      'root:x:0:',
      'daemon:x:1:',
      'bin:x:2:',
      'tty:x:5:',
      'users:x:100:',
      'nogroup:x:65534:',
    ),
    '/etc/nsswitch.conf': file(
      'passwd: files',
      'group: files',
      'hosts: files dns',
      'networks: files',
      'protocols: files',
      'services: files',
    ),
    // The engine mounts the container's own files over these.
    '/etc/hosts': file(),
    '/etc/hostname': file(),
    '/etc/resolv.conf': file(),
    '/etc/ld.so.conf': file(...libraryFolders),
    '/etc/profile': file(`export PATH=${path}`, 'export LANG=C.UTF-8', String.raw`PS1='[\u@\h \w]\$ '`),
    '/root/.bashrc': file(
      '# Read by every interactive bash.',
      'export LANG=C.UTF-8',
      String.raw`PS1='[\u@\h \w]\$ '`,
      "alias cp='cp -i'",
      "alias mv='mv -i'",
      "alias rm='rm -i'",
    ),
    // Without a user's file, a full vim looks for its own defaults, which are missing here, and stops to say so.
    '/root/.vimrc': file('" Read by vi.'),
    '/root/.bash_profile': file('[ -r ~/.bashrc ] && . ~/.bashrc'),
  };
}

/** Files and folders that are copied if this machine has them. */
export const extras: readonly string[] = [
  '/etc/os-release',
  '/etc/ld.so.cache',
  '/etc/protocols',
  '/etc/services',
  '/usr/lib/locale/C.utf8',
  '/usr/lib/locale/C.UTF-8',
  '/usr/libexec/coreutils/libstdbuf.so',
];

/** Terminals whose entries are copied, as far as the folders below have them. */
export const terminals =
  `ansi dumb linux rxvt rxvt-unicode-256color screen screen-256color tmux tmux-256color vt100 vt102
  vt220 xterm xterm-256color`.split(/\s+/);
export const terminfoFolders = ['/etc/terminfo', '/lib/terminfo', '/usr/share/terminfo'];

/** Libraries that glibc opens by itself, to look up names and to end threads. */
export const openedByName = ['libnss_files.so.2', 'libnss_dns.so.2', 'libgcc_s.so.1'];
