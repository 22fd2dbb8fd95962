import { shortestPath } from '../../common/checks.ts';
import type { LandlockInput } from '../../proto/gen/types/liker/v1/Landlock.ts';
import type { Flag } from '../cli/flag.ts';
import { splitCsv } from './csv.ts';
import { invalidFlag } from './invalid-flag.ts';

const flag = 'landlock';

export const landlockFlag: Flag = {
  name: flag,
  type: 'list',
  value: 'RULES',
  help: 'Limit files and TCP ports without privileges: ro=/usr,rw=/data,connect=443,bind=8080',
};

/** Parses --landlock KEY=VALUE,…, which may be given several times. Null without any. Throws BAD_ARGUMENT. */
export function parseLandlock(items: readonly string[]): LandlockInput | null {
  if (items.length === 0) return null;
  const paths: { path: string; writable: boolean }[] = [];
  const ports: { connect: number[] | null; bind: number[] | null } = { connect: null, bind: null };
  let bestEffort = false;
  for (const item of items)
    for (const field of splitCsv(item, flag)) {
      const [, key = '', value = ''] = /^([^=]*)(?:=(.*))?$/s.exec(field) ?? [];
      if (key === 'ro' || key === 'rw') {
        if (!value.startsWith('/')) throw invalidFlag(flag, item, `${key}= needs an absolute path`);
        paths.push({ path: shortestPath(value), writable: key === 'rw' });
      } else if (key === 'connect' || key === 'bind') {
        ports[key] = [...(ports[key] ?? []), ...parsePort(item, key, value)];
      } else if (field === 'best-effort') bestEffort = true;
      else
        throw invalidFlag(
          flag,
          item,
          `'${field}' is not known; use ro=/PATH, rw=/PATH, connect=PORT, bind=PORT or best-effort`,
        );
    }
  const { connect, bind } = ports;
  return {
    paths,
    ...(connect && { connect: { ports: connect } }),
    ...(bind && { bind: { ports: bind } }),
    bestEffort,
  };
}

/** None for the word none. */
function parsePort(item: string, key: string, value: string): number[] {
  if (value === 'none') return [];
  if (!/^\d{1,5}$/.test(value)) throw invalidFlag(flag, item, `${key}= needs the number of a port, or none`);
  return [Number(value)];
}
