import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CreateCgroupOptions } from '../cgroups.ts';
import type { ContainerGroup } from '../container-cgroup.ts';
import type { KnobPlace } from '../knob-places.ts';
import type { AppliedLimit, Resources } from '../resources.ts';
import { allKnobs, checkValues } from '../table.ts';
import { Members } from './members.ts';
import { ProcessGroup } from './process-group.ts';
import { refuseLimits } from './refuse.ts';

/**
 * In the place of cgroups, where likerd may make none: each container's processes are found in /proc. `problem`: why, and what to
 * do, in the words that follow "Cannot … : ".
 */
export class NoCgroups {
  readonly #runFolderOf: (id: string) => string;
  readonly #problem: string;
  readonly #members = new Map<string, Members>();

  constructor({
    runFolderOf,
    problem,
  }: { readonly runFolderOf: (id: string) => string; readonly problem: string }) {
    this.#runFolderOf = runFolderOf;
    this.#problem = problem;
  }

  readonly layout = 'none';

  get losses(): readonly string[] {
    return [`limits, pause, out-of-memory events and most figures of stats: ${this.#problem}`];
  }

  controllers() {
    return [];
  }

  offers(): boolean {
    return false;
  }

  knobs(): KnobPlace[] {
    return [...allKnobs(), { name: 'freezer', controller: 'freezer' }].map(({ name, controller }) => ({
      knob: name,
      controller,
      version: 0,
      file: '',
      problem: 'no cgroup is delegated to likerd',
    }));
  }

  check(resources: Resources, options: Partial<CreateCgroupOptions> = {}): AppliedLimit[] {
    checkValues(resources, 'resources');
    return refuseLimits(resources, this.#problem, options.mode ?? 'strict');
  }

  preview(): [] {
    return [];
  }

  async create(id: string, resources: Resources, options: CreateCgroupOptions): Promise<ContainerGroup> {
    const applied = this.check(resources, options);
    this.#members.delete(id);
    return new ProcessGroup(this.#membersOf(id), { problem: this.#problem, applied });
  }

  open(id: string): ContainerGroup {
    return new ProcessGroup(this.#membersOf(id), { problem: this.#problem, applied: [] });
  }

  /** The ids of which there may be processes. */
  list(): string[] {
    const runs = dirname(this.#runFolderOf('id'));
    return readdirSync(runs).filter((id) => Members.areKnownIn(this.#runFolderOf(id)));
  }

  close(): void {}

  #membersOf(id: string): Members {
    const known = this.#members.get(id) ?? new Members(this.#runFolderOf(id));
    this.#members.set(id, known);
    return known;
  }
}
