import { LikerError } from '../../../common/errors.ts';
import { Slices } from '../../loop/turns.ts';
import { removeFolders as removeInThread } from '../../native/libliker.ts';
import { removeTree } from './files.ts';
import { pidsIn } from './processes.ts';
import { until } from './until.ts';
import { groupsIn } from './walk.ts';

/** A killed process leaves its cgroup within milliseconds, unless it hangs in the kernel. */
const patienceMs = 10_000;

/** Whether a folder is removed after an attempt that ended with `errno`; removes nested ones. Throws any error but EBUSY. */
async function isRemoved(folder: string, errno: string): Promise<boolean> {
  if (errno === '' || errno === 'ENOENT') return true;
  const groups = await Array.fromAsync(groupsIn(folder));
  const mayBeBusy = errno === 'EBUSY' || errno === 'ENOTEMPTY';
  if (mayBeBusy && groups.length === 1) return false;
  const slices = new Slices();
  let removed = false;
  for (const group of groups.reverse()) {
    if (slices.over) await slices.next();
    removed = removeTree(group);
  }
  return removed;
}

/**
 * Removes cgroups and all nested in them. Waits a limited time for ending processes, woken by changes of the file
 * `watched`. Throws SYSCALL when one cannot be removed.
 */
export async function removeFolders(folders: readonly string[], watched: string | undefined): Promise<void> {
  let left = folders;
  const gone = async (): Promise<boolean> => {
    const failures = await removeInThread(left);
    const removed = await Promise.all(left.map((folder, index) => isRemoved(folder, failures[index] ?? '')));
    left = left.filter((_, index) => !removed[index]);
    return left.length === 0;
  };
  if (await until(gone, patienceMs, watched)) return;
  const path = left.join(', ');
  const pids = [...new Set((await Promise.all(left.map(pidsIn))).flat())].join(', ');
  throw new LikerError(
    'SYSCALL',
    `Cannot remove cgroup '${path}': it is busy${pids === '' ? '' : ` with processes ${pids}`}; kill them and try again`,
    { metadata: { path, pids }, syscall: { step: 'cgroup', syscall: 'rmdir', errno: 'EBUSY', object: path } },
  );
}
