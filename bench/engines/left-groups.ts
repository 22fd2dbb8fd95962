import { globSync, rmdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Removes control groups that a peer creates in every hierarchy and leaves there, but not those that existed before. */
export class LeftGroups {
  readonly #names: readonly string[];
  readonly #before: ReadonlySet<string>;

  /** Nested ones first. */
  constructor(...names: string[]) {
    this.#names = names;
    this.#before = new Set(this.#find());
  }

  #find(): string[] {
    return this.#names.flatMap((name) => globSync(`/sys/fs/cgroup/{*/,}${name}`));
  }

  async remove(): Promise<void> {
    for (const group of this.#find()) if (!this.#before.has(group)) await removeGroup(group);
  }
}

/** The peer's last process in the group may take a moment to end. */
async function removeGroup(group: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      rmdirSync(group);
      return;
    } catch (error) {
      if (tries === 50) throw error;
      await sleep(20);
    }
  }
}
