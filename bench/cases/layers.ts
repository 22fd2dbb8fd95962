import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Runner } from '../engines/runner.ts';
import { filesArchive } from '../images/contents.ts';
import { writeLayout } from '../images/layout.ts';
import { Lab } from '../lab.ts';
import { interleave } from '../measure.ts';
import { medianOf, type Result, rowsOf, share } from '../report.ts';
import type { Case } from './case.ts';

const names = { one: 'bench/one:latest', many: 'bench/many:latest' };
const many = 60;
const tolerated = 1.1;

/** What an image costs at a start: one of many layers beside one of a single one, and that beside a directory. */
export const layersCase: Case = async ({ lab: { checkout }, quick }): Promise<readonly Result[]> => {
  await using lab = await Lab.open({ checkout });
  const root = join(lab.home, 'root.tar');
  execFileSync('tar', ['-C', lab.rootfs, '-cf', root, '.']);
  const others = Array.from({ length: many - 1 }, (_, seed) => filesArchive(seed, 10, 1024));
  await using runner = new Runner({ cwd: lab.home, log: join(lab.home, 'likerctl.log'), env: lab.env });
  for (const [name, more] of [
    [names.one, []],
    [names.many, others],
  ] as const) {
    const folder = join(lab.home, name.replaceAll(/\W/g, '-'));
    await writeLayout(folder, name, [[readFileSync(root)], ...more], 'gzip');
    await runner.time(`tar -C ${folder} -c . | ${lab.likerctl} load -q`);
  }
  const call = (name: string, rootfs: { image: string } | { directory: string }) => ({
    name,
    run: async () => ({ ms: (await lab.client.run({ rootfs, process: { args: ['/bin/true'] } })).endMs }),
  });
  const command = (name: string, rootfs: string) => ({
    name,
    run: async () => ({ ms: await runner.time(`${lab.likerctl} run --rm ${rootfs} /bin/true`) }),
  });
  const rows = {
    one: 'liker, image of 1 layer',
    many: `liker, image of ${many} layers`,
    directory: 'liker, directory',
  };
  const calls = rowsOf(
    await interleave(
      [
        call(rows.directory, { directory: lab.rootfs }),
        call(rows.one, { image: names.one }),
        call(rows.many, { image: names.many }),
      ],
      { rounds: quick ? 30 : 200, warmUp: quick ? 10 : 50 },
    ),
    rows.one,
  );
  const commands = rowsOf(
    await interleave([command('likerctl, directory', lab.rootfs), command('likerctl, image', names.one)], {
      rounds: quick ? 6 : 50,
      warmUp: 2,
    }),
    'likerctl, directory',
  );
  return [
    {
      name: 'layers',
      title: 'create + start + wait + remove of /bin/true from an image',
      unit: 'ms',
      rows: calls,
      notes: [],
      aims: [
        {
          work: `a container from an image of ${many} layers`,
          row: rows.many,
          limit: share(medianOf(calls, rows.one), tolerated),
          bound: `a tenth more than from one of 1 layer`,
        },
      ],
    },
    {
      name: 'image-command',
      title: 'run --rm of /bin/true from an image by the command line',
      unit: 'ms',
      rows: commands,
      notes: [],
      aims: [
        {
          work: '`likerctl run --rm IMAGE`',
          row: 'likerctl, image',
          limit: share(medianOf(commands, 'likerctl, directory'), tolerated),
          bound: "a tenth more than a directory's",
        },
      ],
    },
  ];
};
