import { execFileSync } from 'node:child_process';
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository } from './daemon.ts';

/** Who makes the call that is to fail: native/test/failpoints.c counts each by itself. */
export const roles = { library: 0, shim: 1, child: 2, program: 3 } as const;
export type Role = keyof typeof roles;

export const modes = { error: 0, kill: 1, short: 2, garbage: 3 } as const;
export type Mode = keyof typeof modes;

/** No call of Liker fails with it by itself. */
export const injectedErrno = constants.errno.EDOM;

const size = 4096;

/** Arms one failure at a time in a likerd and its shims, which must be test builds: give it `env`. */
export class Failpoint implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'lk-fail-'));
  readonly #fd: number;
  #arming = 0;
  readonly env: NodeJS.ProcessEnv;

  constructor() {
    const native = join(repository, 'native');
    execFileSync('make', ['-s', '-C', native, 'failpoints'], { stdio: ['ignore', 'ignore', 'inherit'] });
    const file = join(this.#folder, 'point');
    this.#fd = openSync(file, 'w+');
    ftruncateSync(this.#fd, size);
    this.env = {
      LIKER_SHIM: join(native, 'build/liker-shim-failpoints'),
      LIKER_LIBRARY: join(native, 'build/libliker-failpoints.so'),
      LIKER_FAILPOINT: file,
    };
  }

  /** The nth counted call of the role from now on fails. */
  arm(role: Role, nth: number, mode: Mode = 'error'): void {
    const fields = Buffer.alloc(64);
    for (const [index, value] of [0, roles[role], nth, modes[mode], injectedErrno].entries())
      fields.writeUInt32LE(value, index * 4);
    writeSync(this.#fd, fields, 0, fields.length, 0);
    // Last, since by it the processes know that the rest is there.
    fields.writeUInt32LE(++this.#arming, 0);
    writeSync(this.#fd, fields, 0, 4, 0);
  }

  /** Ends the injection; the call that has failed, as "name" or "prctl(4)", or null when there were not so many. */
  disarm(): string | null {
    const fields = Buffer.alloc(64);
    readSync(this.#fd, fields, 0, fields.length, 0);
    writeSync(this.#fd, Buffer.alloc(4), 0, 4, 0);
    if (fields.readUInt32LE(20) === 0) return null;
    const name = fields.toString('latin1', 28, fields.indexOf(0, 28));
    return name === 'prctl' ? `prctl(${fields.readUInt32LE(24)})` : name;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
    // By these the shims found it.
    for (const name of readdirSync('/tmp').filter((entry) => entry.startsWith('liker-failpoint-'))) {
      const link = join('/tmp', name);
      if (readlinkSync(link) === join(this.#folder, 'point')) rmSync(link);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
