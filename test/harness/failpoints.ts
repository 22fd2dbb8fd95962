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
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository } from './daemon.ts';
import { type Errno, injectedErrno, layout, type Mode, modes, type Role, roles } from './failpoint.ts';
import { until } from './until.ts';

const pageBytes = 4096;
/** After this many failures, a round is over. */
const mostFaults = 5;
export const enough = Symbol('enough');

/** One try, and the call that failed in it. */
export interface Outcome<T> {
  readonly call: string;
  readonly nth: number;
  readonly error: (Error & { readonly details?: string; readonly code?: number }) | null;
  readonly value: T | null;
}

export interface Which {
  readonly role: Role;
  /** Default: error. */
  readonly mode?: Mode;
  /** Default: EDOM. */
  readonly errno?: Errno;
  /** 1, the default: each call; 2: every other. */
  readonly stride?: number;
}

/** Arms one failure at a time in a likerd and its shims, which must be test builds: start it with `env`. */
export class Failpoint implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'lk-fail-'));
  readonly #fd: number;
  #arming = 0;
  readonly env: NodeJS.ProcessEnv;
  /** For likerd: a shim that waits for its plan would take the failure that is meant for another. */
  readonly args = ['--spare-shims', '0'] as const;
  /** For a likerd whose own calls must fail. */
  readonly preload = join(import.meta.dirname, 'failing-likerd.ts');

  constructor() {
    const native = join(repository, 'native');
    execFileSync('make', ['-s', '-C', native, 'failpoints'], { stdio: ['ignore', 'ignore', 'inherit'] });
    const file = join(this.#folder, 'point');
    this.#fd = openSync(file, 'w+');
    ftruncateSync(this.#fd, pageBytes);
    this.env = {
      LIKER_SHIM: join(native, 'build/liker-shim-failpoints'),
      LIKER_UNPACK: join(native, 'build/liker-unpack-failpoints'),
      LIKER_PACK: join(native, 'build/liker-pack-failpoints'),
      LIKER_TREE: join(native, 'build/liker-tree-failpoints'),
      LIKER_LIBRARY: join(native, 'build/libliker-failpoints.so'),
      LIKER_FAILPOINT: file,
    };
  }

  /**
   * One try for each call, until a try has no further call or `judge` has `enough`. Returns the number of tries. `recover`
   * restores the state before a try, so that a failed try does not hide the calls after it.
   */
  async each<T>(
    { role, mode = 'error', errno = 'EDOM', stride = 1 }: Which,
    attempt: () => Promise<T>,
    judge: (outcome: Outcome<T>) => Promise<unknown>,
    recover?: () => Promise<unknown>,
  ): Promise<number> {
    const faults: Error[] = [];
    for (let nth = 1; ; nth += stride) {
      this.#arm(role, nth, mode, errno);
      let error: Outcome<T>['error'] = null;
      let value: T | null = null;
      try {
        value = await attempt();
      } catch (thrown) {
        error = thrown as Error;
      }
      const call = this.#disarm();
      if (call === 'frame' && mode !== 'kill')
        await until(
          'likerd to see that the connection has ended',
          () => this.#read().readUInt32LE(layout.ended) === 1,
        );
      if (call === null) {
        if (error) faults.push(error);
        if (faults.length > 0) throw allOf(faults);
        return nth - 1;
      }
      try {
        if ((await judge({ call, nth, error, value })) === enough) return nth;
      } catch (thrown) {
        const told = error ? `\nthe call's error: ${error.message}` : '';
        faults.push(
          new Error(`${role} ${mode} ${nth} (${call}): ${String(thrown)}${told}`, { cause: thrown }),
        );
        if (!recover || faults.length === mostFaults) throw allOf(faults);
        await recover();
      }
    }
  }

  /** From now on, the nth counted call of the role fails. */
  #arm(role: Role, nth: number, mode: Mode, errno: Errno): void {
    const fields = Buffer.alloc(layout.size);
    fields.writeUInt32LE(roles[role], layout.role);
    fields.writeUInt32LE(nth, layout.nth);
    fields.writeUInt32LE(modes[mode], layout.mode);
    fields.writeUInt32LE(injectedErrno[errno], layout.error);
    writeSync(this.#fd, fields, 0, fields.length, 0);
    // Last, since it tells the processes that the rest is valid.
    fields.writeUInt32LE(++this.#arming, layout.arming);
    writeSync(this.#fd, fields, 0, 4, 0);
  }

  #read(): Buffer {
    const fields = Buffer.alloc(layout.size);
    readSync(this.#fd, fields, 0, fields.length, 0);
    return fields;
  }

  /** Ends the injection. Returns the call that failed, as "name" or "prctl(4)", or null if there were fewer calls. */
  #disarm(): string | null {
    const fields = this.#read();
    writeSync(this.#fd, Buffer.alloc(4), 0, 4, 0);
    if (fields.readUInt32LE(layout.fired) === 0) return null;
    const name = fields.toString('latin1', layout.call, fields.indexOf(0, layout.call));
    return name === 'prctl' ? `prctl(${fields.readUInt32LE(layout.argument)})` : name;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
    // The shims found the page through these.
    for (const name of readdirSync('/tmp').filter((entry) => entry.startsWith('liker-failpoint-'))) {
      const link = join('/tmp', name);
      if (readlinkSync(link) === join(this.#folder, 'point')) rmSync(link);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function allOf(faults: readonly Error[]): Error {
  const [first] = faults;
  if (first && faults.length === 1) return first;
  return new AggregateError(faults, faults.map(({ message }) => message).join('\n'));
}
