import { hasReason, LikerError } from '../../common/errors.ts';
import type { LogEntry } from '../../proto/gen/types/liker/v1/LogEntry.ts';
import type { Command, Invocation } from '../cli/command.ts';
import { containers, logs as logService } from '../connection/methods.ts';
import { rfc3339Nano } from '../format/timestamp.ts';
import { notice } from '../output/notice.ts';
import { Sink } from '../output/sink.ts';
import { stream } from '../output/streams.ts';
import { defined } from '../request/defined.ts';
import { invalidFlag } from '../request/invalid-flag.ts';
import { timeFlag } from './time-flags.ts';

export const logs: Command = {
  name: 'logs',
  usage: 'CONTAINER',
  summary: 'Print the output of a container: its stdout to stdout, its stderr to stderr',
  example: 'likerctl logs -f --tail 20 web',
  flags: [
    { name: 'follow', short: 'f', type: 'bool', help: 'Follow the output until the container exits' },
    {
      name: 'since',
      type: 'string',
      value: 'TIME',
      help: 'Only output from this time on, such as 10m or 2026-01-31T12:00:00Z',
    },
    {
      name: 'tail',
      short: 'n',
      type: 'string',
      value: 'LINES',
      fallback: 'all',
      help: 'Only the last lines',
    },
    { name: 'timestamps', short: 't', type: 'bool', help: 'Print the time before each line' },
    { name: 'until', type: 'string', value: 'TIME', help: 'Only output before this time' },
  ],
  operands: [1, 1],
  run: printLogs,
};

async function printLogs({ flags, operands: [name = ''], context }: Invocation): Promise<number> {
  const tail = parseTail(flags.text('tail') ?? 'all');
  const follow = flags.bool('follow');
  const request = {
    follow,
    ...defined({ tail, since: timeFlag(flags, 'since'), until: timeFlag(flags, 'until') }),
  };
  const printer = new LogPrinter(flags.bool('timestamps'));
  const connection = await context.connect();
  // Follow by id: while likerd is away, the name may pass to another container.
  const { container: found } = follow
    ? await connection.unary(containers.GetContainer, { container: name })
    : {};
  const container = found?.id ?? name;
  let cursor = '';
  const place = () => ({ ...request, container, cursor });
  try {
    for await (const { entries, cursor: next } of connection.messages(logService.ReadLogs, place, {
      follows: follow,
    })) {
      for (const entry of entries) await printer.print(entry);
      cursor = next;
    }
  } catch (error) {
    if (!(found && hasReason(error, 'CONTAINER_NOT_FOUND'))) throw error;
    const text = `Cannot continue the log of '${name}': the container and the end of its log were removed while likerd was away`;
    throw new LikerError(error.reason, text, { cause: error });
  } finally {
    await printer.flush();
  }
  return 0;
}

/** The number of lines; undefined for all. Throws BAD_ARGUMENT. */
function parseTail(text: string): number | undefined {
  if (text === 'all' || text === '-1') return undefined;
  if (!/^\d+$/.test(text)) throw invalidFlag('tail', text, 'give a number of lines, or all');
  return Number(text);
}

class LogPrinter {
  readonly #withTime: boolean;
  readonly #streams = {
    LOG_STREAM_STDERR: { sink: new Sink(() => stream('stderr')), inLine: false },
    LOG_STREAM_STDOUT: { sink: new Sink(() => stream('stdout')), inLine: false },
  };

  constructor(withTime: boolean) {
    this.#withTime = withTime;
  }

  /** A long line comes in several entries: only the first gets a timestamp. */
  async print({ stream, time, data, lostBytes, skippedFiles }: LogEntry): Promise<void> {
    if (skippedFiles > 0) await this.#tellSkipped(skippedFiles);
    if (lostBytes > 0) return this.#tellLost(stream === 'LOG_STREAM_STDERR' ? 'stderr' : 'stdout', lostBytes);
    const out = this.#streams[stream === 'LOG_STREAM_STDERR' ? stream : 'LOG_STREAM_STDOUT'];
    const prefix = this.#withTime && !out.inLine ? Buffer.from(`${rfc3339Nano(time)} `) : Buffer.alloc(0);
    out.inLine = data.at(-1) !== 0x0a;
    await out.sink.write(Buffer.concat([prefix, data]));
  }

  /** Flushes first, so that the notice stands where the bytes are missing. */
  async #tellLost(stream: string, bytes: number): Promise<void> {
    await this.flush();
    notice(`${bytes} bytes of ${stream} are missing here: they could not be logged`);
  }

  async #tellSkipped(files: number): Promise<void> {
    await this.flush();
    const what = files === 1 ? 'a file of the log is' : `${files} files of the log are`;
    notice(
      `${what} missing here: the container wrote faster than the log was read; raise --log-opt max-size or max-file to keep more`,
    );
  }

  async flush(): Promise<void> {
    for (const { sink } of Object.values(this.#streams)) await sink.flush();
  }
}
