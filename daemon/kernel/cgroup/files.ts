import {
  chmodSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmdirSync,
  writeSync,
} from 'node:fs';

// cgroupfs is in memory and on the engine's hot path: one buffer, no fstat, no promise.
const buffer = Buffer.allocUnsafe(64 * 1024);
const { O_RDONLY, O_RDWR, O_WRONLY } = constants;

/** The name of a failed call's errno (ENOENT, EBUSY, …); empty for any other error. */
export function errnoOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
}

function readAll(fd: number): string {
  const size = readSync(fd, buffer, 0, buffer.length, 0);
  if (size < buffer.length) return buffer.toString('latin1', 0, size);
  const parts = [buffer.toString('latin1', 0, size)];
  for (let at = size; ; ) {
    const more = readSync(fd, buffer, 0, buffer.length, at);
    if (more === 0) return parts.join('');
    parts.push(buffer.toString('latin1', 0, more));
    at += more;
  }
}

/** The result of a call; null when it fails with one of these errors. */
export function unless<T>(errnos: readonly string[], call: () => T): T | null {
  try {
    return call();
  } catch (error) {
    if (errnos.includes(errnoOf(error))) return null;
    throw error;
  }
}

/** Makes a call; true when it fails with one of these errors. */
export function failsWith(errnos: readonly string[], call: () => void): boolean {
  const succeeds = () => {
    call();
    return true;
  };
  return unless(errnos, succeeds) === null;
}

/** What the kernel answers about a cgroup, or a file of it, that does not exist. */
const missing = ['ENOENT', 'ENODEV'];

/** The text of a file without the last newline. Throws the system's error. */
export function readText(path: string): string {
  const fd = openSync(path, O_RDONLY);
  try {
    return readAll(fd).trimEnd();
  } finally {
    closeSync(fd);
  }
}

/** As {@link readText}; null when there is no such file, because the kernel lacks the feature or the cgroup is gone. */
export function readOptional(path: string): string | null {
  return unless(missing, () => readText(path));
}

/** Writes each text with one write(2): the kernel takes each as one request. */
export function writeText(path: string, ...texts: readonly string[]): void {
  const fd = openSync(path, O_WRONLY);
  try {
    for (const text of texts) writeSync(fd, text);
  } finally {
    closeSync(fd);
  }
}

/** As {@link writeText}, unless the cgroup is gone; false then. */
export function writeUnlessGone(path: string, text: string): boolean {
  return !failsWith(missing, () => writeText(path, text));
}

/** Writes, and reads back what the kernel made of it; empty for a file that can only be written. */
export function writeAndRead(path: string, text: string): string {
  const fd = unless(['EACCES', 'EINVAL'], () => openSync(path, O_RDWR));
  if (fd === null) {
    writeText(path, text);
    return '';
  }
  try {
    writeSync(fd, text);
    return readAll(fd).trimEnd();
  } finally {
    closeSync(fd);
  }
}

/** The value of `key` in a file of "key value" lines, such as cgroup.events; null without such a line. */
export function keyedValue(text: string, key: string): number | null {
  const at = text.startsWith(`${key} `) ? 0 : text.indexOf(`\n${key} `) + 1;
  if (at === 0 && !text.startsWith(`${key} `)) return null;
  return Number.parseInt(text.slice(at + key.length + 1), 10);
}

/** Makes one folder; false when it exists. */
export function makeFolder(path: string): boolean {
  if (failsWith(['EEXIST'], () => mkdirSync(path))) return false;
  try {
    // Processes in the cgroup may read its limits, whatever likerd's umask.
    chmodSync(path, 0o755);
  } catch (error) {
    rmdirSync(path);
    throw error;
  }
  return true;
}

/** Names of the folders below a cgroup; none when it is gone. */
export function childFolders(path: string): string[] {
  const entries = unless(['ENOENT'], () => readdirSync(path, { withFileTypes: true })) ?? [];
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/** Removes a cgroup and all nested in it, bottom-up. False when a process is still in it. A missing cgroup is no error. */
export function removeTree(path: string): boolean {
  if (removeFolder(path)) return true;
  const children = childFolders(path);
  const emptied = children.map((name) => removeTree(`${path}/${name}`)).every(Boolean);
  return children.length > 0 && emptied && removeFolder(path);
}

/** The kernel reports EBUSY for processes and for nested cgroups; another file system reports ENOTEMPTY. */
function removeFolder(path: string): boolean {
  const remove = () => void failsWith(['ENOENT'], () => rmdirSync(path));
  return !failsWith(['EBUSY', 'ENOTEMPTY'], remove);
}
