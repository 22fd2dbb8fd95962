import { formatBytes } from '../../common/units.ts';
import { notice } from '../output/notice.ts';
import { planRoot } from './plan.ts';
import { expectedPrograms, wantedProgram } from './programs.ts';
import type { Provider } from './provider.ts';
import { writeRoot } from './write.ts';

/** The usual programs of this machine, and those that are named, with what they need. */
export function host(names: readonly string[]): Provider {
  const expected = expectedPrograms();
  const wanted = names.map((name) => wantedProgram(name));
  const count = new Set([...expected, ...wanted].map(({ name }) => name)).size;
  return {
    doing: `Copying ${count} programs of this machine`,
    needsEmpty: false,
    async fill(folder, { signal }) {
      const plan = planRoot(expected, wanted);
      for (const remark of plan.remarks) notice(remark);
      const bytes = await writeRoot(plan, folder, signal);
      return `${count} programs, ${plan.libraryCount} libraries, ${formatBytes(bytes)}`;
    },
  };
}
