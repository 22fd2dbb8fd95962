import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { after, test } from 'node:test';
import { cgroupFile } from '../harness/cpu.ts';
import type { Inspected, Suite } from '../harness/suite.ts';
import { type EffectRecord, effectLine } from './table.ts';

interface Knob {
  readonly Knob: string;
  readonly Problem: string;
}

interface Machine {
  readonly Knobs: readonly Knob[];
  readonly CgroupLayout: 'v1' | 'v2' | 'hybrid';
}

/** A running container: the fields that tests read. */
export type Running = Pick<Inspected, 'Id' | 'CgroupPaths'> & {
  readonly pid: number;
  readonly limits: readonly { readonly knob: string; readonly file: string; readonly effective: string }[];
};

export interface Effect {
  /** Names of the knobs in `likerctl info`. */
  readonly knobs: readonly string[];
  readonly what: string;
  readonly prove: () => Promise<void>;
  /** Why this machine cannot show the effect; empty if it can. */
  readonly needs?: () => string;
  /** Why only the value can be shown here; empty if the effect can. */
  readonly onlyValue?: () => string;
}

export const spin = 'while :; do :; done';
export const lastCpu = String(cpus().length - 1);
/** Flags that keep all containers on one CPU; a machine with one CPU needs none. */
export const pinned = cpus().length > 1 ? ['--cpuset-cpus', lastCpu] : [];

/** Not the read-only figures. */
const isLimit = (knob: string): boolean => !knob.startsWith('psi.');

/** Shared by the tests of limits: the machine's abilities, and a record of what was proved. */
export class Effects {
  readonly suite: Suite;
  #asked: Promise<Machine> | undefined;
  readonly #seen = new Set<string>();

  constructor(suite: Suite) {
    this.suite = suite;
    after(async () => {
      const names = (await this.machine()).Knobs.map(({ Knob }) => Knob).filter(isLimit);
      const unproved = names.filter((name) => !this.#seen.has(name));
      assert.deepEqual(unproved, [], 'every limit of `likerctl info` has a test of its effect');
    });
  }

  /** Asked once, when the daemon serves. */
  machine(): Promise<Machine> {
    this.#asked ??= this.suite.ok(['info', '--format', 'json']).then((text) => JSON.parse(text) as Machine);
    return this.#asked;
  }

  /** A test of knobs; it is skipped, with the reason, if one of them is missing. */
  effect({ knobs, what, prove, needs = () => '', onlyValue = () => '' }: Effect): void {
    test(`${knobs.join(', ')}: ${what}`, async (context) => {
      const { Knobs, CgroupLayout } = await this.machine();
      const missing = Knobs.find(({ Knob, Problem }) => knobs.includes(Knob) && Problem !== '');
      const lacks = missing?.Problem ?? needs();
      const tell = (result: EffectRecord['result'], why = '') => {
        for (const knob of knobs) this.#record({ layout: CgroupLayout, knob, result, why });
      };
      if (lacks !== '') {
        tell('skip', lacks);
        context.skip(lacks);
        return;
      }
      try {
        await prove();
        tell(onlyValue() === '' ? 'pass' : 'value', onlyValue());
      } catch (error) {
        tell('FAIL');
        throw error;
      }
    });
  }

  /** For a limit whose effect the machine cannot show: the file that the response names has the value. */
  inForce(
    knob: string,
    flags: readonly string[],
    value: string,
    { why, needs = () => '' }: { readonly why: string; readonly needs?: () => string },
  ): void {
    this.effect({
      knobs: [knob],
      what: 'takes effect',
      needs,
      onlyValue: () => why,
      prove: () =>
        this.running([{ flags, script: 'sleep 1000' }], async (container) => {
          const limit = container.limits.find((one) => one.knob === knob);
          assert.ok(limit);
          assert.equal(readFileSync(limit.file, 'utf8').trim(), value);
        }),
    });
  }

  #record(record: EffectRecord): void {
    this.#seen.add(record.knob);
    const file = process.env['LIKER_EFFECTS'];
    if (file === undefined) console.log(effectLine(record));
    else appendFileSync(file, `${effectLine(record)}\n`);
  }

  /** Runs containers with `bash -c SCRIPT` while `look` examines them. */
  async running(
    runs: readonly { readonly flags: readonly string[]; readonly script: string }[],
    look: (...containers: Running[]) => Promise<void>,
  ): Promise<void> {
    const { suite } = this;
    const ids: string[] = [];
    try {
      for (const { flags, script } of runs) ids.push(await suite.detached(flags, ['bash', '-c', script]));
      await look(...(await Promise.all(ids.map((id) => this.get(id)))));
    } finally {
      for (const container of ids)
        await suite.api.call((done) =>
          suite.api.containers.RemoveContainer({ container, force: true }, done),
        );
    }
  }

  /** With a warm client: a new client for each call costs more than most tests. */
  async get(id: string): Promise<Running> {
    const { api } = this.suite;
    const { container } = await api.call<{ container?: ApiContainer | null }>((done) =>
      api.containers.GetContainer({ container: id }, done),
    );
    assert.ok(container);
    const { cgroupPaths, appliedLimits, pid } = container;
    return { Id: id, CgroupPaths: cgroupPaths, limits: appliedLimits, pid };
  }

  async isRunning(id: string): Promise<boolean> {
    return (await this.suite.inspect(id)).State.Running;
  }
}

interface ApiContainer {
  readonly cgroupPaths: Readonly<Record<string, string>>;
  readonly appliedLimits: Running['limits'];
  readonly pid: number;
}

/** A number from a file of "key value" lines; 0 if it is missing. */
export function counter(container: Running, controller: string, file: string, key: string): number {
  const text = cgroupFile(container, controller, file) ?? '';
  return Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}
