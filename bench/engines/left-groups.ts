import { globSync, rmdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Control groups that a peer makes in every hierarchy and leaves there. Those that were there before it stay. */
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

/** The last of the peer's own processes in it may take a moment to end. */
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
