import { isIP } from 'node:net';
import { join } from 'node:path';
import yargs from 'yargs';
import { type LogFormat, type LogLevel, logFormats, logLevels } from './log.ts';
import { parseMetricsAddress } from './metrics-address.ts';
import { parseUsernsPool } from './userns-pool.ts';

export type DaemonOptions = NonNullable<Awaited<ReturnType<typeof parseOptions>>>;

const mostSpareShims = 64;

/**
 * Parses the command line, with defaults from LIKER_ROOT, LIKER_RUN and LIKER_HOST of the environment. Returns null after it has
 * answered --help or --version. Throws an Error whose message is for the user.
 */
export async function parseOptions(args: readonly string[], env: NodeJS.ProcessEnv, version: string) {
  const parser = yargs()
    .scriptName('likerd')
    // A path is a text: neither --no-root nor --root.a makes it anything else.
    .parserConfiguration({ 'boolean-negation': false, 'dot-notation': false })
    .usage('$0 [options]\n\nThe container engine. Containers keep running when it exits.')
    .options({
      root: {
        type: 'string',
        default: env['LIKER_ROOT'] || '/var/lib/liker',
        describe: 'Folder for persistent data ($LIKER_ROOT changes the default)',
      },
      run: {
        type: 'string',
        default: env['LIKER_RUN'] || '/run/liker',
        describe: 'Folder for runtime state ($LIKER_RUN changes the default)',
      },
      socket: {
        type: 'string',
        describe: 'Socket of the API; default: $LIKER_HOST, or liker.sock in the run folder',
      },
      'docker-socket': {
        type: 'string',
        describe: "Serve Docker's API, too, at this path, for clients of Docker; default: off",
      },
      cgroup: {
        type: 'string',
        describe: 'Delegated cgroup in which to create the cgroups of containers (v2 only)',
      },
      'stop-containers-on-exit': {
        type: 'boolean',
        default: false,
        describe: 'Stop all containers when likerd stops on SIGTERM or SIGINT',
      },
      'log-level': { choices: logLevels, default: 'info' as LogLevel, describe: 'Lowest severity to log' },
      'log-format': {
        choices: logFormats,
        default: 'text' as LogFormat,
        describe: 'Format of the log on stderr',
      },
      'metrics-addr': {
        type: 'string',
        describe: 'Serve Prometheus metrics at PORT (on 127.0.0.1), HOST:PORT or unix:PATH; default: off',
      },
      'userns-default': {
        choices: ['auto', 'host'] as const,
        describe:
          'User namespace of containers that are made without --userns: one of their own, or that of the host; default: auto, and host without root',
      },
      'userns-pool': {
        type: 'string',
        describe:
          "Ids of the host for user namespaces, as START-END or START:COUNT; default: those of 'liker' or 'containers' in /etc/subuid and /etc/subgid, or 524288-1879048191",
      },
      'default-network': {
        type: 'string',
        describe:
          'Network of containers that are made without --network: the name of one, none, or host; default: bridge, none where that cannot be had, and pasta without root',
      },
      'publish-default': {
        type: 'string',
        describe:
          'Address of the host at which ports are published that name none, such as 0.0.0.0; default: 127.0.0.1 and ::1',
      },
      'cni-config': {
        type: 'string',
        default: '/etc/cni/net.d',
        describe: 'Folder with the configurations of CNI networks, for --network cni:NAME',
      },
      'cni-plugins': {
        type: 'string',
        default: '/opt/cni/bin:/usr/lib/cni',
        describe: 'Folders with the plugins of CNI, with colons between them',
      },
      registries: {
        type: 'string',
        describe:
          'Folder with a hosts.toml for each registry; default: /etc/liker/certs.d, and liker/certs.d in ~/.config without root',
      },
      'short-names': {
        choices: ['docker', 'strict'] as const,
        default: 'docker' as const,
        describe:
          'What pull and push make of a name without a registry, such as debian: docker.io/library/debian, or an error',
      },
      'keep-blobs': {
        type: 'boolean',
        default: false,
        describe:
          'Keep the compressed archives of all layers that are pulled or loaded, so that images can be pushed and saved in the same bytes',
      },
      'spare-shims': {
        type: 'number',
        default: 2,
        describe:
          'How many shims wait for the next starts, which are faster then; each takes less than 1 MiB. 0: none',
      },
      'ready-fd': { type: 'number', describe: 'File descriptor that receives a byte once the API is served' },
    })
    .example('$0 --root /srv/liker --run /run/liker-2', 'run a second daemon beside the first')
    .requiresArg([
      'root',
      'run',
      'socket',
      'docker-socket',
      'cgroup',
      'log-level',
      'log-format',
      'metrics-addr',
      'userns-default',
      'userns-pool',
      'default-network',
      'publish-default',
      'cni-config',
      'cni-plugins',
      'registries',
      'short-names',
      'spare-shims',
      'ready-fd',
    ])
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
  const spareShims = parsed['spare-shims'];
  if (!(Number.isInteger(spareShims) && spareShims >= 0 && spareShims <= mostSpareShims)) {
    throw new Error(`Invalid --spare-shims: give a number from 0 to ${mostSpareShims}`);
  }
  return {
    root: absolute('--root', parsed.root),
    run: absolute('--run', parsed.run),
    socket: absolute('--socket', withoutScheme(parsed.socket ?? socketOf(env, parsed.run))),
    dockerSocket: parsed['docker-socket'] === undefined ? null : dockerSocketOf(parsed['docker-socket']),
    cgroup: parsed.cgroup === undefined ? null : absolute('--cgroup', parsed.cgroup),
    stopContainersOnExit: parsed['stop-containers-on-exit'],
    logLevel: parsed['log-level'],
    logFormat: parsed['log-format'],
    metrics: parsed['metrics-addr'] === undefined ? null : parseMetricsAddress(parsed['metrics-addr']),
    usernsDefault: parsed['userns-default'] ?? null,
    usernsPool: parsed['userns-pool'] === undefined ? null : parseUsernsPool(parsed['userns-pool']),
    defaultNetwork: parsed['default-network'] ?? null,
    publishDefault: publishAddresses(parsed['publish-default']),
    cniConfig: absolute('--cni-config', parsed['cni-config']),
    cniPlugins: parsed['cni-plugins'].split(':').map((folder) => absolute('--cni-plugins', folder)),
    registries: parsed.registries === undefined ? null : absolute('--registries', parsed.registries),
    shortNames: parsed['short-names'],
    keepBlobs: parsed['keep-blobs'],
    spareShims,
    readyFd,
  };
}

function publishAddresses(given: string | undefined): readonly string[] {
  if (given === undefined) return ['127.0.0.1', '::1'];
  if (isIP(given) !== 0) return [given];
  throw new Error(`Invalid --publish-default '${given}': give an IP address of the host`);
}

function socketOf(env: NodeJS.ProcessEnv, run: string): string {
  return env['LIKER_HOST'] || join(run, 'liker.sock');
}

function dockerSocketOf(path: string): string {
  return absolute('--docker-socket', withoutScheme(path));
}

/** As clients write it: unix:///PATH. */
function withoutScheme(path: string): string {
  return path.replace(/^unix:(\/\/)?/, '');
}

function absolute(option: string, path: string): string {
  if (!path.startsWith('/')) throw new Error(`Invalid ${option} '${path}': give an absolute path`);
  return path;
}
