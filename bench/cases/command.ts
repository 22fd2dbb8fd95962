import { join } from 'node:path';
import { runTrue } from '../engines/engine.ts';
import { Runner } from '../engines/runner.ts';
import { interleave } from '../measure.ts';
import { medianOf, type Result, rowsOf, share } from '../report.ts';
import type { Case } from './case.ts';

/** The same with the command line, and a command that only asks: the cost in a shell script. */
export const commandCase: Case = async ({ lab, peers, quick }): Promise<readonly Result[]> => {
  await using runner = new Runner({ cwd: lab.home, log: join(lab.home, 'likerctl.log'), env: lab.env });
  const likerctl = lab.likerctl;
  const contestants = [
    {
      name: 'likerctl run --rm',
      run: async () => ({ ms: await runner.time(`${likerctl} run --rm ${lab.rootfs} /bin/true`) }),
    },
    ...peers
      .filter(({ isRuntime }) => !isRuntime)
      .map((peer) => ({
        name: `${peer.name} run --rm`,
        every: 2,
        run: async () => ({ ms: await runTrue(peer) }),
      })),
  ];
  const often = { rounds: quick ? 6 : 50, warmUp: 2 };
  const rows = rowsOf(await interleave(contestants, often), 'podman run --rm');
  const versions = [
    { name: 'likerctl version', run: async () => ({ ms: await runner.time(`${likerctl} version`) }) },
    ...peers
      .filter(({ name }) => name === 'docker')
      .map(({ name, dockerLike, runner: its }) => ({
        name: `${name} version`,
        run: async () => ({ ms: await its.time(`${dockerLike} version`) }),
      })),
  ];
  const versionRows = rowsOf(await interleave(versions, often), 'docker version');
  const command: Result = {
    name: 'command',
    title: 'run --rm of /bin/true by the command line',
    unit: 'ms',
    rows,
    notes: [],
    aims: [
      {
        work: 'the same by `likerctl run --rm`',
        row: 'likerctl run --rm',
        limit: share(medianOf(rows, 'podman run --rm'), 0.35),
        bound: "0.35 × podman's",
      },
    ],
  };
  const version: Result = {
    name: 'version',
    title: 'version, which asks the daemon',
    unit: 'ms',
    rows: versionRows,
    notes: [],
    aims: [1, 0.5].map((factor) => ({
      work: '`likerctl version`',
      row: 'likerctl version',
      limit: share(medianOf(versionRows, 'docker version'), factor),
      bound: `${factor} × docker's`,
    })),
  };
  return [command, version];
};
