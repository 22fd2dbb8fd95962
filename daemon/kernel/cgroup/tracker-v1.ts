import { readOptional, writeUnlessGone } from './files.ts';
import { pidsByGroup } from './processes.ts';
import { killBySignals, type Tracker } from './tracker.ts';
import { until } from './until.ts';
import { groupsIn } from './walk.ts';

function state(folder: string): string | null {
  return readOptional(`${folder}/freezer.state`);
}

/** A cgroup that is not frozen after this many looks is thawed and frozen again. */
const looksBeforeAnew = 16;

/** The freezer of v1 (cgroup-v1/freezer-subsystem.rst). */
export const trackerV1: Tracker = {
  eventsFile: undefined,
  isFrozen: (folder) => (state(folder) ?? 'THAWED') !== 'THAWED',

  async isPopulated(folder) {
    for await (const pids of pidsByGroup(folder)) if (pids.length > 0) return true;
    return false;
  },

  async freeze(folder, timeoutMs) {
    let looks = 0;
    const settled = (): boolean => {
      // A process that forks or stops at the wrong moment can leave it FREEZING forever.
      if (looks > 0 && looks % looksBeforeAnew === 0) trackerV1.thaw(folder);
      if (looks % looksBeforeAnew === 0) writeUnlessGone(`${folder}/freezer.state`, 'FROZEN');
      looks += 1;
      const now = state(folder);
      return now === 'FROZEN' || now === null;
    };
    let frozen = false;
    try {
      frozen = (await until(settled, timeoutMs)) && state(folder) !== null;
    } finally {
      if (!frozen) trackerV1.thaw(folder);
    }
    return frozen;
  },

  thaw(folder) {
    writeUnlessGone(`${folder}/freezer.state`, 'THAWED');
  },

  kill: (folder) => killBySignals(trackerV1, folder),
};

/** Thaws nested cgroups too: one that was frozen by itself stays frozen when the one above it thaws. */
export async function thawTree(folder: string): Promise<void> {
  for await (const group of groupsIn(folder)) trackerV1.thaw(group);
}
