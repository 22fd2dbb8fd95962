import { createLogger, format, transports } from 'winston';
import { own } from '../../common/own.ts';
import type { Log, LogFields, LogFormat, LogLevel } from './log.ts';

export interface LoggingOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** stderr goes to the systemd journal, which takes the priority from a prefix and adds the time itself (sd-daemon(3)). */
  readonly journal: boolean;
  readonly output: NodeJS.WritableStream;
}

/** The priorities of syslog(3). */
const priorities: Readonly<Record<string, number>> = { error: 3, warn: 4, info: 6, debug: 7 };

/** Opens the daemon's log. */
export function openLog(options: LoggingOptions): Log {
  const logger = createLogger({
    level: options.level,
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    format: format.printf((info) => {
      const { level, message, fields } = info as unknown as Entry;
      const line = options.format === 'json' ? jsonLine : textLine;
      const time = options.journal ? '' : new Date().toISOString();
      return (options.journal ? `<${own(priorities, level)}>` : '') + line({ level, message, fields }, time);
    }),
    transports: [new transports.Stream({ stream: options.output, eol: '\n' })],
  });
  const write =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      logger.log(level, message, { fields });
    };
  return { error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') };
}

interface Entry {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

function jsonLine({ level, message, fields }: Entry, time: string): string {
  const values = Object.entries(fields).map(([key, value]) => [key, plain(value)]);
  return JSON.stringify({ ...(time && { time }), level, message, ...Object.fromEntries(values) });
}

function textLine({ level, message, fields }: Entry, time: string): string {
  const words = time === '' ? [message] : [time, level, message];
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) words.push(`${key}=${quote(plain(value))}`);
  }
  return words.join(' ');
}

/** The value as JSON can show it. */
function plain(value: unknown): unknown {
  if (value instanceof Error) return value.stack ?? value.message;
  return typeof value === 'bigint' ? String(value) : value;
}

/** The value itself if it is one word; otherwise its JSON text, so that the line stays one line. */
function quote(value: unknown): string {
  if (typeof value === 'string' && /^[\w./:@+,-]+$/.test(value)) return value;
  return JSON.stringify(value) ?? String(value);
}
