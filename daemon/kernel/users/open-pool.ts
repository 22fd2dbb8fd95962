import { readFileSync } from 'node:fs';
import { rangeSize } from './id-maps.ts';
import { IdPool, type IdSpan, inBoth, without } from './id-pool.ts';
import { parseMap } from './own-maps.ts';
import { overlapsOf, readSubids, type SubidFile } from './subid.ts';

/** Who owns subordinate ids for containers: the first that has some. The second is the name that Podman's --userns=auto uses. */
const owners = ['liker', 'containers'];

/** "Container UID ranges" of https://systemd.io/UIDS-GIDS: 0x00080000 to 0x6FFFFFFF. */
const containerIds: IdSpan = { start: 0x8_0000, count: 0x7000_0000 - 0x8_0000 };

export interface PoolFiles {
  readonly subuid: string;
  readonly subgid: string;
  /** Of likerd's own user namespace. */
  readonly uidMap: string;
  readonly gidMap: string;
}

const poolFiles: PoolFiles = {
  subuid: '/etc/subuid',
  subgid: '/etc/subgid',
  uidMap: '/proc/self/uid_map',
  gidMap: '/proc/self/gid_map',
};

/**
 * The pool that `given` names, else that of /etc/subuid and /etc/subgid, else the ids that systemd sets aside for containers; and what
 * is wrong with it. A pool with less than one range has room for none.
 */
export function openPool(
  given: IdSpan | null,
  files: PoolFiles = poolFiles,
): { readonly pool: IdPool; readonly warnings: readonly string[] } {
  const { source, spans, warnings } =
    given === null ? ofFiles(files) : { source: '--userns-pool', spans: [given], warnings: [] };
  const own = inBoth(spansOfMap(files.uidMap), spansOfMap(files.gidMap));
  const reached = inBoth(spans, own);
  const pool = new IdPool(source, reached);
  const tooSmall =
    pool.size > 0
      ? []
      : [
          reached.length < 1 && spans.length > 0
            ? `likerd's own user namespace has none of the ids of ${source}: no container can have a user namespace`
            : `${source} gives fewer than ${rangeSize} ids in a row, which a container needs: no container can have a user namespace`,
        ];
  return { pool, warnings: [...warnings, ...tooSmall] };
}

function ofFiles({ subuid, subgid }: PoolFiles) {
  const users = readSubids(subuid);
  const groups = readSubids(subgid);
  const problems = [...users.problems, ...groups.problems];
  const owner = owners.find((name) =>
    [users, groups].some(({ ranges }) => ranges.some((range) => range.owner === name)),
  );
  if (owner === undefined) {
    const others = [...users.ranges, ...groups.ranges];
    return {
      source: "systemd's ids for containers",
      spans: without([containerIds], others),
      warnings: problems,
    };
  }
  const lacking = [users, groups].find(({ ranges }) => !ranges.some((range) => range.owner === owner));
  const warnings = [
    ...problems,
    ...(lacking
      ? [`${lacking.path} has no ids for '${owner}', and the other file has: add a line to it`]
      : []),
    ...[users, groups].flatMap((file) => overlapsOf(file, owner)),
  ];
  return {
    source: `'${owner}' in ${subuid} and ${subgid}`,
    spans: inBoth(spansOf(users, owner), spansOf(groups, owner)),
    warnings,
  };
}

function spansOf({ ranges }: SubidFile, owner: string): IdSpan[] {
  return ranges.filter((range) => range.owner === owner);
}

/** The ids that there are in a user namespace. */
function spansOfMap(path: string): IdSpan[] {
  return parseMap(readFileSync(path, 'latin1')).map(({ inside, count }) => ({ start: inside, count }));
}
