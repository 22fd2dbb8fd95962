import { readFileSync } from 'node:fs';
import { tellSystemError } from '../../../common/exhausted.ts';
import { noId } from './id-maps.ts';

/** A line of /etc/subuid or /etc/subgid (subuid(5)): ids that belong to a user for user namespaces. */
export interface SubordinateIds {
  /** Name or number of the user. */
  readonly owner: string;
  readonly start: number;
  readonly count: number;
  readonly line: number;
}

export interface SubidFile {
  readonly path: string;
  readonly ranges: readonly SubordinateIds[];
  /** What is wrong with lines that are left out. */
  readonly problems: readonly string[];
}

/** A file that is missing has no lines. Throws a LikerError if it cannot be read. */
export function readSubids(path: string): SubidFile {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw tellSystemError(error, `read '${path}'`);
  }
  return parseSubids(text, path);
}

export function parseSubids(text: string, path: string): SubidFile {
  const ranges: SubordinateIds[] = [];
  const problems: string[] = [];
  for (const [index, content] of text.split('\n').entries()) {
    const entry = content.trim();
    if (entry === '' || entry.startsWith('#')) continue;
    const [, owner = '', start, count] = /^([^:\s]+):(\d{1,10}):(\d{1,10})$/.exec(entry) ?? [];
    const range = { owner, start: Number(start), count: Number(count), line: index + 1 };
    if (start === undefined) problems.push(problem(path, range.line, 'it is not OWNER:START:COUNT'));
    else if (range.count === 0) problems.push(problem(path, range.line, 'its count is 0'));
    else if (range.start + range.count > noId)
      problems.push(problem(path, range.line, `it reaches beyond the last id, ${noId - 1}`));
    else ranges.push(range);
  }
  return { path, ranges, problems };
}

function problem(path: string, line: number, why: string): string {
  return `Line ${line} of ${path} is left out: ${why}`;
}

/** What two users own at once, which lets the containers of one read and end what is the other's. */
export function overlapsOf({ path, ranges }: SubidFile, owner: string): string[] {
  const [own, others] = [true, false].map((isOwn) =>
    ranges.filter((range) => (range.owner === owner) === isOwn),
  ) as [SubordinateIds[], SubordinateIds[]];
  return own.flatMap((mine) =>
    others
      .filter(({ start, count }) => start < mine.start + mine.count && mine.start < start + count)
      .map(
        (other) =>
          `Lines ${mine.line} and ${other.line} of ${path} overlap: '${owner}' and '${other.owner}' own the same ids, so that containers of both can reach each other's files and processes`,
      ),
  );
}
