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

// Files of cgroupfs are memory and the engine's hot path: one buffer, no fstat, no promise.
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

/** The text of a file without the last newline. Throws the system's error. */
export function readText(path: string): string {
  const fd = openSync(path, O_RDONLY);
  try {
    return readAll(fd).trimEnd();
  } finally {
    closeSync(fd);
  }
}

/** As {@link readText}; null when there is no such file (a feature or a cgroup that is not there). */
export function readOptional(path: string): string | null {
  try {
    return readText(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENODEV') return null;
    throw error;
  }
}

/** One write(2) for each of the texts: the kernel takes each as one request. */
export function writeText(path: string, ...texts: readonly string[]): void {
  const fd = openSync(path, O_WRONLY);
  try {
    for (const text of texts) writeSync(fd, text);
  } finally {
    closeSync(fd);
  }
}

/** Writes and reads back what the kernel made of it; nothing from a file that can only be written. */
export function writeAndRead(path: string, text: string): string {
  const fd = openReadable(path);
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

function openReadable(path: string): number | null {
  try {
    return openSync(path, O_RDWR);
  } catch (error) {
    if (errnoOf(error) === 'EACCES' || errnoOf(error) === 'EINVAL') return null;
    throw error;
  }
}

/** The value of `key` in a file of "key value" lines, such as cgroup.events; null when it is not there. */
export function keyedValue(text: string, key: string): number | null {
  const at = text.startsWith(`${key} `) ? 0 : text.indexOf(`\n${key} `) + 1;
  if (at === 0 && !text.startsWith(`${key} `)) return null;
  return Number.parseInt(text.slice(at + key.length + 1), 10);
}

/** Makes one folder; false when it was there. */
export function makeFolder(path: string): boolean {
  try {
    mkdirSync(path);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    // Processes in the group may read its limits, whatever the daemon's umask.
    chmodSync(path, 0o755);
  } catch (error) {
    rmdirSync(path);
    throw error;
  }
  return true;
}

/** Names of the folders below a cgroup; none when it is gone. */
export function childFolders(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/**
 * Removes a cgroup and what is nested in it, bottom-up. False when a process is still in it.
 * A folder that is already gone is no error.
 */
export function removeTree(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return true;
    // The kernel says EBUSY for processes and for nested cgroups; another file system says ENOTEMPTY.
    if (errnoOf(error) !== 'EBUSY' && errnoOf(error) !== 'ENOTEMPTY') throw error;
  }
  const children = childFolders(path);
  const emptied = children.map((name) => removeTree(`${path}/${name}`)).every(Boolean);
  return children.length > 0 && emptied && removeLast(path);
}

function removeLast(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return true;
    if (errnoOf(error) === 'EBUSY' || errnoOf(error) === 'ENOTEMPTY') return false;
    throw error;
  }
}
