import { join } from 'node:path';
import yargs from 'yargs';
import { type LogFormat, type LogLevel, logFormats, logLevels } from './log.ts';
import { type MetricsAddress, parseMetricsAddress } from './metrics-address.ts';

export interface DaemonOptions {
  /** Folder of lasting data. */
  readonly root: string;
  /** Folder of running state. */
  readonly run: string;
  /** Path of the API's socket. */
  readonly socket: string;
  /** The cgroup v2 below which containers go, from the mount's root; null: where the daemon itself belongs. */
  readonly cgroup: string | null;
  readonly stopContainersOnExit: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** Where Prometheus may scrape; null: nowhere. */
  readonly metrics: MetricsAddress | null;
  /** A byte is written to it and it is closed once the API serves; null for none. */
  readonly readyFd: number | null;
}

/**
 * Reads the command line; the environment's LIKER_ROOT, LIKER_RUN and LIKER_HOST are the defaults. `null` when --help or
 * --version has been answered. Throws an Error whose message is for the user.
 */
export async function parseOptions(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  version: string,
): Promise<DaemonOptions | null> {
  const parser = yargs()
    .scriptName('likerd')
    .usage('$0 [options]\n\nThe container engine. Containers keep running when it ends.')
    .options({
      root: {
        type: 'string',
        default: env['LIKER_ROOT'] || '/var/lib/liker',
        describe: 'Folder of lasting data ($LIKER_ROOT changes the default)',
      },
      run: {
        type: 'string',
        default: env['LIKER_RUN'] || '/run/liker',
        describe: 'Folder of running state ($LIKER_RUN changes the default)',
      },
      socket: {
        type: 'string',
        describe: 'Socket of the API; default: $LIKER_HOST, or liker.sock in the run folder',
      },
      cgroup: {
        type: 'string',
        describe: 'Path of a delegated cgroup (v2 only) below which containers get theirs',
      },
      'stop-containers-on-exit': {
        type: 'boolean',
        default: false,
        describe: 'Stop all containers at SIGTERM',
      },
      'log-level': { choices: logLevels, default: 'info' as LogLevel, describe: 'What to log' },
      'log-format': { choices: logFormats, default: 'text' as LogFormat, describe: 'How to log, to stderr' },
      'metrics-addr': {
        type: 'string',
        describe:
          'Serve metrics for Prometheus at PORT (of 127.0.0.1), HOST:PORT or unix:PATH; default: nowhere',
      },
      'ready-fd': { type: 'number', describe: 'Descriptor to write a byte to once the API serves' },
    })
    .example('$0 --root /srv/liker --run /run/liker-2', 'a second daemon beside the first')
    .requiresArg(['root', 'run', 'socket', 'cgroup', 'log-level', 'log-format', 'metrics-addr', 'ready-fd'])
    .strict()
    .demandCommand(0, 0, undefined, 'likerd takes options only')
    .version(version)
    .wrap(null)
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new Error(message.trim().replace(/\s*\n\s*/g, ' '));
    });

  const output: string[] = [];
  const parsed = await parser.parseAsync([...args], {}, (_error, _argv, text) => {
    output.push(text);
  });
  if (output.some((text) => text !== '')) {
    console.log(output.join('\n'));
    return null;
  }
  for (const [name, value] of Object.entries(parsed)) {
    if (Array.isArray(value) && name !== '_') throw new Error(`Option --${name} is given twice`);
  }
  const readyFd = parsed['ready-fd'] ?? null;
  if (readyFd !== null && !(Number.isInteger(readyFd) && readyFd >= 0)) {
    throw new Error('Invalid --ready-fd: give the number of an open descriptor');
  }
  return {
    root: absolute('--root', parsed.root),
    run: absolute('--run', parsed.run),
    socket: absolute('--socket', (parsed.socket ?? socketOf(env, parsed.run)).replace(/^unix:(\/\/)?/, '')),
    cgroup: parsed.cgroup === undefined ? null : absolute('--cgroup', parsed.cgroup),
    stopContainersOnExit: parsed['stop-containers-on-exit'],
    logLevel: parsed['log-level'],
    logFormat: parsed['log-format'],
    metrics: parsed['metrics-addr'] === undefined ? null : parseMetricsAddress(parsed['metrics-addr']),
    readyFd,
  };
}

function socketOf(env: NodeJS.ProcessEnv, run: string): string {
  return env['LIKER_HOST'] || join(run, 'liker.sock');
}

function absolute(option: string, path: string): string {
  if (!path.startsWith('/')) throw new Error(`Invalid ${option} '${path}': give an absolute path`);
  return path;
}
