// npm run bench -- --against DIR: this checkout beside another one, in one run.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from './cases/case.ts';
import { goOn } from './interrupt.ts';
import { Lab, repository } from './lab.ts';
import { summarize } from './measure.ts';
import { engineOf, figure, type Result } from './report.ts';

/** Each case runs in this order: what changes slowly on the machine changes both alike. */
const turns = ['here', 'there', 'there', 'here', 'here', 'there'] as const;
/** A figure that is worse by more than this share is marked. */
const tolerated = 0.03;

/** The medians of one row of one case, from each turn. */
interface Compared {
  readonly here: number[];
  readonly there: number[];
}

/** Prints, for each figure of Liker, the median of here, of there, and their ratio. */
export async function compare(
  checkout: string,
  { cases, quick }: { readonly cases: Readonly<Record<string, Case>>; readonly quick: boolean },
): Promise<void> {
  if (!existsSync(join(checkout, 'dist/likerd.mjs')))
    throw new Error(`Cannot compare with '${checkout}': it is no built checkout; run npm ci in it`);
  const checkouts = { here: repository, there: checkout };
  for (const [name, run] of Object.entries(cases)) {
    const rows = new Map<string, Compared>();
    let last: readonly Result[] = [];
    for (const side of turns) {
      goOn();
      // Of two that run side by side, the older one takes a tenth more CPU time, whichever it is.
      await using lab = await Lab.open({ checkout: checkouts[side] });
      last = [await run({ lab, peers: [], quick })].flat();
      for (const { title, rows: found } of last)
        for (const row of found.filter((one) => engineOf(one) === 'liker')) {
          const key = `${title}: ${row.name}`;
          const compared = rows.get(key) ?? { here: [], there: [] };
          compared[side].push(row.median);
          rows.set(key, compared);
        }
    }
    console.log(`\n${name}`);
    for (const { title, unit, rows: found, moreIsBetter = false } of last)
      for (const { name: row } of found) {
        const compared = rows.get(`${title}: ${row}`);
        if (compared) console.log(line(`${row} (${unit})`, compared, moreIsBetter));
      }
  }
}

function line(what: string, compared: Compared, moreIsBetter: boolean): string {
  const [here, there] = [summarize(compared.here).median, summarize(compared.there).median];
  const worse = moreIsBetter ? there / here : here / there;
  const all = [...compared.here, ...compared.there].map(figure).join(' ');
  const mark = worse > 1 + tolerated ? '  worse' : '';
  return `  ${what.padEnd(44)}${figure(here).padStart(9)}${figure(there).padStart(9)}${(here / there).toFixed(3).padStart(8)}${mark}   [${all}]`;
}
