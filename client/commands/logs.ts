import { hasReason, LikerError } from '../../common/errors.ts';
import type { LogEntry } from '../../proto/gen/types/liker/v1/LogEntry.ts';
import type { Command, Invocation } from '../cli/command.ts';
import { containers, logs as logService } from '../connection/methods.ts';
import { rfc3339Nano } from '../format/timestamp.ts';
import { notice } from '../output/notice.ts';
import { Sink } from '../output/sink.ts';
import { invalidFlag } from '../request/invalid-flag.ts';
import { defined } from '../request/resources.ts';
import { timeFlag } from './time-flags.ts';

export const logs: Command = {
  name: 'logs',
  usage: 'CONTAINER',
  summary: 'Print what a container has written: its stdout to stdout, its stderr to stderr',
  example: 'likerctl logs -f --tail 20 web',
  flags: [
    { name: 'follow', short: 'f', type: 'bool', help: 'Go on until the container ends' },
    {
      name: 'since',
      type: 'string',
      value: 'TIME',
      help: 'Only what was written at or after a time, such as 10m or 2026-01-31T12:00:00Z',
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
    { name: 'until', type: 'string', value: 'TIME', help: 'Only what was written before a time' },
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
  // By its id: while likerd was away the name may have passed to another container.
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
    const text = `Cannot go on with the log of '${name}': it was removed while likerd was away, together with the end of its log`;
    throw new LikerError(error.reason, text, { cause: error });
  } finally {
    await printer.flush();
  }
  return 0;
}

/** Undefined for all lines. */
function parseTail(text: string): number | undefined {
  if (text === 'all' || text === '-1') return undefined;
  if (!/^\d+$/.test(text)) throw invalidFlag('tail', text, 'give a number of lines, or all');
  return Number(text);
}

class LogPrinter {
  readonly #withTime: boolean;
  readonly #streams = {
    LOG_STREAM_STDERR: { sink: new Sink(process.stderr), inLine: false },
    LOG_STREAM_STDOUT: { sink: new Sink(process.stdout), inLine: false },
  };

  constructor(withTime: boolean) {
    this.#withTime = withTime;
  }

  /** A long line comes in parts: only the first has the time before it. */
  async print({ stream, time, data, lostBytes, skippedFiles }: LogEntry): Promise<void> {
    if (skippedFiles > 0) await this.#tellSkipped(skippedFiles);
    if (lostBytes > 0) return this.#tellLost(stream === 'LOG_STREAM_STDERR' ? 'stderr' : 'stdout', lostBytes);
    const out = this.#streams[stream === 'LOG_STREAM_STDERR' ? stream : 'LOG_STREAM_STDOUT'];
    const prefix = this.#withTime && !out.inLine ? Buffer.from(`${rfc3339Nano(time)} `) : Buffer.alloc(0);
    out.inLine = data.at(-1) !== 0x0a;
    await out.sink.write(Buffer.concat([prefix, data]));
  }

  /** In its place between what was written before and after. */
  async #tellLost(stream: string, bytes: number): Promise<void> {
    await this.flush();
    notice(`${bytes} bytes of ${stream} are missing here: they could not be logged`);
  }

  async #tellSkipped(files: number): Promise<void> {
    await this.flush();
    const what = files === 1 ? 'a file of the log is' : `${files} files of the log are`;
    notice(
      `${what} missing here: the container wrote faster than it was read; --log-opt max-size and max-file keep more`,
    );
  }

  async flush(): Promise<void> {
    for (const { sink } of Object.values(this.#streams)) await sink.flush();
  }
}
