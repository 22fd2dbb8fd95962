import { keyedValue, readOptional, writeUnlessGone } from './files.ts';
import { killBySignals, type Tracker } from './tracker.ts';
import { until } from './until.ts';

const eventsFile = 'cgroup.events';

function event(folder: string, key: string): number {
  return keyedValue(readOptional(`${folder}/${eventsFile}`) ?? '', key) ?? 0;
}

/** cgroup.freeze, cgroup.kill and cgroup.events (cgroup-v2.rst, "Core Interface Files"). */
export const trackerV2: Tracker = {
  eventsFile,
  isFrozen: (folder) => readOptional(`${folder}/cgroup.freeze`) === '1',
  isPopulated: async (folder) => event(folder, 'populated') === 1,

  async freeze(folder, timeoutMs) {
    if (!writeUnlessGone(`${folder}/cgroup.freeze`, '1')) return false;
    const frozen = await until(() => event(folder, 'frozen') === 1, timeoutMs, `${folder}/${eventsFile}`);
    if (!frozen) trackerV2.thaw(folder);
    return frozen;
  },

  thaw(folder) {
    writeUnlessGone(`${folder}/cgroup.freeze`, '0');
  },

  async kill(folder) {
    try {
      // Since Linux 5.14: one write kills all processes, including nested and frozen ones, and none escapes by forking.
      if (!writeUnlessGone(`${folder}/cgroup.kill`, '1')) await killBySignals(trackerV2, folder);
    } finally {
      if (trackerV2.isFrozen(folder)) trackerV2.thaw(folder);
    }
  },
};
