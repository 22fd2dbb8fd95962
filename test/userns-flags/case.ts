import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync } from 'node:fs';
import type { TestContext } from 'node:test';
import type { LikerctlOptions } from '../harness/likerctl.ts';
import type { Outcome } from '../harness/outcome.ts';
import { linkOf, readProc } from '../harness/proc.ts';
import type { Inspected, Suite } from '../harness/suite.ts';
import type { Mode } from '../hostile/modes.ts';

/** A flag or a command of likerctl, and what shows from inside and from the host that it works. */
export type Row = readonly [flags: string, effect: (c: Case, t: TestContext) => Promise<void>];

/** The suite's commands, in one user-namespace mode. */
export class Case {
  readonly s: Suite;
  readonly mode: Mode;
  /** A folder of the host for this case alone. */
  readonly folder: string;

  constructor(s: Suite, mode: Mode, folder: string) {
    this.s = s;
    this.mode = mode;
    this.folder = folder;
  }

  run(flags: readonly string[], command: readonly string[], options?: LikerctlOptions): Promise<Outcome> {
    return this.s.run([...this.mode.flags, ...flags], command, options);
  }

  sh(flags: readonly string[], script: string): Promise<string> {
    return this.s.sh([...this.mode.flags, ...flags], script);
  }

  /** A container that sleeps, unless it has a command. It is removed with the suite. */
  async sleeper(flags: readonly string[] = [], command = ['sleep', '100000']): Promise<Sleeper> {
    const id = await this.s.detached([...this.mode.flags, ...flags], command);
    return new Sleeper(this.s, id, await this.s.inspect(id));
  }
}

/** A running container, seen from the host. */
export class Sleeper implements AsyncDisposable {
  readonly id: string;
  readonly inspected: Inspected;
  readonly #s: Suite;

  constructor(s: Suite, id: string, inspected: Inspected) {
    this.#s = s;
    this.id = id;
    this.inspected = inspected;
  }

  get pid(): number {
    return this.inspected.State.Pid;
  }

  /** `exec FLAGS bash -c SCRIPT`, which must succeed. */
  sh(script: string, flags: readonly string[] = []): Promise<string> {
    return this.#s.ok(['exec', ...flags, this.id, 'bash', '-c', script]);
  }

  uid(inside: number): number {
    return mapped(readFileSync(`/proc/${this.pid}/uid_map`, 'utf8'), inside);
  }

  gid(inside: number): number {
    return mapped(readFileSync(`/proc/${this.pid}/gid_map`, 'utf8'), inside);
  }

  /** A path of the container for the host. */
  at(path: string): string {
    return `/proc/${this.pid}/root${path}`;
  }

  namespace(name: string): string {
    return linkOf(this.pid, `ns/${name}`);
  }

  status(field: string): string {
    return new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(readProc(this.pid, 'status'))?.[1]?.trim() ?? '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#s.ok(['rm', '-f', this.id]);
  }
}

/** The host's id of an id inside, by the lines of a map: INSIDE OUTSIDE COUNT. */
export function mapped(map: string, inside: number): number {
  for (const line of map.trim().split('\n')) {
    const [from = 0, to = 0, count = 0] = line.trim().split(/\s+/).map(Number);
    if (inside >= from && inside < from + count) return to + inside - from;
  }
  return -1;
}

export interface NetworkHolder extends Disposable {
  readonly pid: number;
  readonly path: string;
  readonly link: string;
}

/** A process of the host in a network namespace of its own, in which a script has run. */
export async function networkHolder(script: string): Promise<NetworkHolder> {
  const child = spawn('unshare', ['-n', 'sh', '-c', `${script} && echo ready && exec sleep 100000`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const pid = child.pid ?? 0;
  const path = `/proc/${pid}/ns/net`;
  return { pid, path, link: readlinkSync(path), [Symbol.dispose]: () => child.kill() };
}
