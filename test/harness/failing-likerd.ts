// Loaded into a likerd before its bundle (node --import): counts the file system calls of its TypeScript code, its
// SQLite statements and its frames to shims, and makes the one fail that test/harness/failpoints.ts has armed.
// native/test/failpoints.c counts the calls of libliker.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { getSystemErrorMap } from 'node:util';
import { injectedErrno, layout, modes, roles } from './failpoint.ts';

type Call = (...args: unknown[]) => unknown;
type Table = Record<string, Call>;

const { openSync, readSync, writeSync } = fs;
const point = openSync(process.env['LIKER_FAILPOINT'] ?? '', 'r+');
const fields = Buffer.alloc(layout.size);
const read = (field: number): number => fields.readUInt32LE(field);
let seen = 0;
let count = 0;

/** Whether this call must fail; if it must be the last one, likerd ends here. */
function fires(name: string, role: 'likerd' | 'later' = 'likerd'): boolean {
  readSync(point, fields, 0, fields.length, 0);
  const arming = read(layout.arming);
  if (arming === 0 || read(layout.role) !== roles[role] || read(layout.fired) !== 0) return false;
  if (seen !== arming) [seen, count] = [arming, 0];
  const ofFrames = read(layout.mode) >= modes.short;
  if ((ofFrames && name !== frame) || ++count !== read(layout.nth)) return false;
  fields.writeUInt32LE(1, layout.fired);
  fields.write(`${name}\0`, layout.call, 'latin1');
  writeSync(point, fields, layout.fired, fields.length - layout.fired, layout.fired);
  if (read(layout.mode) === modes.kill) kill(process.pid, 'SIGKILL');
  return true;
}

/** An error as from libuv. */
function systemError(syscall: string, path: unknown): Error {
  const errno = -read(layout.error);
  const [code = '', why = ''] = getSystemErrorMap().get(errno) ?? [];
  const where = typeof path === 'string' ? { path } : {};
  const message = `${code}: ${why}, ${syscall}${typeof path === 'string' ? ` '${path}'` : ''}`;
  return Object.assign(new Error(message), { errno, code, syscall, ...where });
}

/** An error as from node:sqlite: the disk is full, or fails. */
function sqliteError(): Error {
  const isFull = read(layout.error) === injectedErrno.ENOSPC;
  const [errcode, errstr] = isFull ? [13, 'database or disk is full'] : [10, 'disk I/O error'];
  return Object.assign(new Error(errstr), { code: 'ERR_SQLITE_ERROR', errcode, errstr });
}

/** Not counted: calls that cannot fail, or whose failure shows nothing, and lines of the log. */
const passedOver = ['closeSync', 'existsSync'];
const isOfTheLog = (name: string, fd: unknown): boolean => name === 'writeSync' && (fd === 1 || fd === 2);

/** The name of the system call in an error of Node.js. */
const syscalls: Readonly<Record<string, string>> = {
  readFile: 'open',
  writeFile: 'open',
  readdir: 'scandir',
};

const files = fs as unknown as Table;
for (const [name, real] of Object.entries(files)) {
  if (!(name.endsWith('Sync') || name === 'watch') || passedOver.includes(name)) continue;
  const call = name.replace('Sync', '');
  files[name] = (...args) => {
    if (!isOfTheLog(name, args[0]) && fires(call)) throw systemError(syscalls[call] ?? call, args[0]);
    if (call === 'writeFile' && fires('write')) {
      real(args[0], '', args[2]);
      throw systemError('write', undefined);
    }
    return real(...args);
  };
}
/** Also what Node.js keeps beside a function, such as the names that promisify gives to its results. */
function replace(table: Table, name: string, wrapper: (real: Call) => Call): void {
  const real = table[name] as Call;
  const wrapped = wrapper(real);
  for (const key of Reflect.ownKeys(real)) {
    const property = Object.getOwnPropertyDescriptor(real, key);
    if (property && !Object.hasOwn(wrapped, key)) Object.defineProperty(wrapped, key, property);
  }
  table[name] = wrapped;
}

/** What a promise answers. Not counted: what closes, and what is followed by events. */
function failPromises(table: Table, names: readonly string[]): void {
  for (const name of names)
    replace(table, name, (real) => {
      return function (this: unknown, ...args) {
        return fires(name, 'later') ? Promise.reject(systemError(name, args[0])) : real.apply(this, args);
      };
    });
}
const promises = fs.promises as unknown as Table;
failPromises(
  promises,
  Object.keys(promises).filter((name) => typeof promises[name] === 'function' && name !== 'watch'),
);
const handle = await fs.promises.open('/dev/null');
failPromises(Object.getPrototypeOf(handle) as Table, [
  'chmod',
  'datasync',
  'read',
  'readFile',
  'stat',
  'sync',
  'truncate',
  'write',
  'writeFile',
]);
await handle.close();
for (const name of ['write', 'writev', 'read'])
  replace(files, name, (real) => (...args) => {
    const answer = args.at(-1);
    if (typeof answer !== 'function' || !fires(name, 'later')) return real(...args);
    return process.nextTick(answer as () => void, systemError(name, undefined));
  });
const kill = process.kill.bind(process);
process.kill = (pid, signal) => {
  if (fires('kill')) throw systemError('kill', undefined);
  return kill(pid, signal);
};
syncBuiltinESMExports();

function failStatements(
  prototype: Table,
  names: readonly string[],
  sqlOf: (self: object, sql: unknown) => string,
): void {
  for (const name of names) {
    const real = prototype[name] as Call;
    prototype[name] = function (this: object, ...args) {
      if (fires(`sql ${sqlOf(this, args[0]).split(' ', 1)[0]}`)) throw sqliteError();
      return real.apply(this, args);
    };
  }
}
failStatements(
  StatementSync.prototype as unknown as Table,
  ['run', 'get', 'all'],
  (self) => (self as StatementSync).sourceSQL,
);
failStatements(DatabaseSync.prototype as unknown as Table, ['exec'], (_, sql) => String(sql));

/** Only frames to shims are corked: the connection is lost before the frame, within it, or after garbage. */
const frame = 'frame';
const { cork } = Socket.prototype;
Socket.prototype.cork = function () {
  if (fires(frame)) {
    this.once('close', () => {
      fields.writeUInt32LE(1, layout.ended);
      writeSync(point, fields, layout.ended, 4, layout.ended);
    });
    if (read(layout.mode) === modes.garbage) this.write(Buffer.alloc(64, 0xff));
    else {
      if (read(layout.mode) === modes.short) this.write(Buffer.from([64, 0, 0, 0, 1]));
      this.destroy();
    }
  }
  cork.call(this);
};
