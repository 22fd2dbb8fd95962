import { Liker } from '../../library/index.ts';
import { type Contestant, interleave, timed } from '../measure.ts';
import { medianOf, type Result, rowsOf } from '../report.ts';
import type { Case } from './case.ts';

/** How much the library may add to a call. */
const mostMs = 1;

/** The library's exec and run, beside the bare calls of a connected client of gRPC. */
export const libraryCase: Case = async ({ lab, quick }) => {
  const options = { directory: lab.rootfs, cmd: ['/bin/sleep', '100000'] };
  const isTrue = { rootfs: { directory: lab.rootfs }, process: { args: ['/bin/true'] } };
  using liker = new Liker({ host: `unix://${lab.socket}` });
  await using box = await liker.containers.run(options);
  const compare = async (
    name: string,
    title: string,
    [bare, library]: readonly [Contestant, Contestant],
  ): Promise<Result> => {
    const samples = await interleave([bare, library], {
      rounds: quick ? 30 : 200,
      warmUp: quick ? 10 : 20,
    });
    const rows = rowsOf(samples, bare.name);
    const median = medianOf(rows, bare.name);
    const limit = median === null ? null : median + mostMs;
    const aim = { work: title, row: library.name, limit, bound: `${bare.name} and ${mostMs} ms`, peers: [] };
    return { name, title, unit: 'ms', rows, notes: [], aims: [aim] };
  };
  return [
    await compare('library-exec', 'exec of `/bin/true` by the library', [
      { name: 'bare Exec', run: async () => ({ ms: (await lab.client.exec(box.id, ['/bin/true'])).endMs }) },
      {
        name: 'library exec',
        run: () =>
          timed(async () => {
            await (await box.exec(['/bin/true'])).exited;
            return undefined;
          }),
      },
    ]),
    await compare('library-run', 'run, wait and remove of `/bin/true` by the library', [
      { name: 'bare calls', run: () => timed(() => lab.client.fourCalls(isTrue)) },
      {
        name: 'library run',
        run: () =>
          timed(async () => {
            const one = await liker.containers.run({ ...options, cmd: ['/bin/true'] });
            await one.wait();
            await one.remove();
            return undefined;
          }),
      },
    ]),
  ];
};
