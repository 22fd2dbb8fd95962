import { parseTimestamp } from '../../../../common/units.ts';
import type { LogEntry } from '../../../engine/logs/api.ts';
import type { Door } from '../door.ts';
import { timeTextOfNs } from '../format/time.ts';
import { type Answer, bytes } from '../http/answer.ts';
import { begin } from '../http/begin.ts';
import { type Call, flagOf, nameOf } from '../http/call.ts';
import { HttpError } from '../http/errors.ts';

export async function containerLogs({ engine }: Door, call: Call): Promise<Answer> {
  const wanted = { stdout: flagOf(call, 'stdout'), stderr: flagOf(call, 'stderr') };
  if (!wanted.stdout && !wanted.stderr)
    throw new HttpError(400, 'Bad parameters: you must choose at least one stream');
  const { id, spec } = await engine.containers.get(nameOf(call), { withSize: false });
  const { tty } = spec.process;
  const entries = engine.logs.read(
    id,
    {
      after: null,
      follow: flagOf(call, 'follow'),
      tail: tailOf(call),
      sinceNs: timeOf(call, 'since'),
      untilNs: timeOf(call, 'until'),
    },
    call.signal,
  );
  const options = { ...wanted, tty, timestamps: flagOf(call, 'timestamps') };
  const isFramed = !tty && call.version >= 42;
  const type = `application/vnd.docker.${isFramed ? 'multiplexed' : 'raw'}-stream`;
  return bytes(framed(await begin(entries), options), type);
}

interface Options {
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
  readonly timestamps: boolean;
}

async function* framed(pages: AsyncIterable<readonly LogEntry[]>, options: Options): AsyncIterable<Buffer> {
  for await (const page of pages) {
    const pieces = page
      .filter(({ stream, data }) => options[stream === 'stderr' ? 'stderr' : 'stdout'] && data.length > 0)
      .flatMap((entry) => frameOf(entry, options));
    if (pieces.length > 0) yield Buffer.concat(pieces);
  }
}

function frameOf({ stream, data, timeNs }: LogEntry, { tty, timestamps }: Options): Buffer[] {
  const time = timestamps ? [Buffer.from(`${timeTextOfNs(timeNs)} `)] : [];
  const parts = [...time, data];
  if (tty) return parts;
  const header = Buffer.alloc(8);
  header[0] = stream === 'stderr' ? 2 : 1;
  header.writeUInt32BE(
    parts.reduce((sum, part) => sum + part.length, 0),
    4,
  );
  return [header, ...parts];
}

/** Null: all. */
function tailOf({ query }: Call): number | null {
  const tail = query.get('tail') ?? '';
  if (/^\d{1,15}$/.test(tail)) return Number(tail);
  // As in Docker, anything else is all.
  return null;
}

/** Seconds since the epoch with a fraction, or RFC 3339. 0 is no bound. */
function timeOf({ query }: Call, name: string): bigint | null {
  const time = query.get(name) ?? '';
  return time === '' || time === '0' ? null : parseTimestamp(time, name);
}
