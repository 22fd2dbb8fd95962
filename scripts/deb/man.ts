// Manual pages, from the same source as --help.
import type { Command } from '../../client/cli/command.ts';
import { type Flag, spellings } from '../../client/cli/flag.ts';
import { commonFlags } from '../../client/cli/parse.ts';
import { defaultHost } from '../../client/connection/address.ts';
import { notes } from '../../client/help.ts';
import { otherNames } from '../../client/registry.ts';
import { Page } from './roff.ts';

export interface ManOptions {
  /** ISO date. */
  readonly date: string;
  readonly version: string;
}

/** File name, such as likerctl-run.1 → its text. */
export type Pages = ReadonlyMap<string, string>;

/** An option of likerd as its --help shows it. */
export interface DaemonOption {
  readonly name: string;
  readonly text: string;
}

const daemon = ['likerd', '8'] as const;
const client = ['likerctl', '1'] as const;
const short = ['liker', '1'] as const;

/** likerctl(1) and a page for every command. */
export function clientPages(commands: readonly Command[], options: ManOptions): Pages {
  const pages = commands.map((command) => [`${pageName(command)}.1`, commandPage(command, options)] as const);
  return new Map([['likerctl.1', clientPage(commands, options)], ...pages]);
}

function pageName({ name }: Command): string {
  return `likerctl-${name.replaceAll(' ', '-')}`;
}

function clientPage(commands: readonly Command[], options: ManOptions): string {
  const page = new Page({ name: 'likerctl', section: '1', ...options })
    .name('likerctl', 'run and manage containers with likerd')
    .heading('SYNOPSIS')
    .text('likerctl [-H unix://PATH] COMMAND [OPTIONS] [ARG...]')
    .heading('DESCRIPTION')
    .text('The client of the Liker container engine. Each command has its own page and --help.')
    .text(notes.join(' '))
    .heading('COMMANDS');
  for (const command of commands) page.item(command.name, `${command.summary}.`);
  page
    .heading('OPTIONS')
    .item(
      '-H, --host unix://PATH',
      `Socket of the daemon. Default: $LIKER_HOST, or liker.sock in $LIKER_RUN, or ${defaultHost}; for an ordinary user ` +
        'liker/liker.sock in $XDG_RUNTIME_DIR.',
    )
    .item('-v, --version', 'Print the version of likerctl.')
    .heading('EXIT STATUS')
    .text('run, exec, attach and start -a end with the exit status of the process, 128 + N for signal N.')
    .item('1', 'Another command failed, at least for one of its containers.')
    .item('125', 'The command line is wrong; or, for run, create, exec and healthcheck run, Liker failed.')
    .item('126', 'The program cannot be executed.')
    .item('127', 'The program was not found.')
    .item('141', 'Nobody reads the output any more.')
    .heading('ENVIRONMENT')
    .item('LIKER_HOST', 'Socket of the daemon, unless --host names one.')
    .item('LIKER_RUN', 'Folder with the socket, liker.sock, unless LIKER_HOST or --host names one.')
    .item(
      'LIKER_WIRE',
      'The protocol to speak with likerd: ttrpc, the default, or grpc, which takes longer to load.',
    )
    .item(
      'LIKER_RUNTIME',
      'node: run everything on Node.js. Otherwise short commands run on Bun, and sessions in a program in C as far as it can.',
    )
    .item(
      'LIKER_BYTES',
      'likerd: the bytes of a session pass through likerd, and not between likerctl and the shim.',
    )
    .item('LIKER_DETACH_KEYS', 'Keys that detach from a session, unless --detach-keys names others.')
    .heading('EXAMPLES')
    .example('likerctl rootfs build ./rootfs', 'likerctl run -it --rm ./rootfs bash');
  return page
    .seeAlso([...commands.map((command) => [pageName(command), '1'] as const), daemon, short])
    .toString();
}

function commandPage(command: Command, options: ManOptions): string {
  const others = otherNames(command.name).map((name) => `Also: likerctl ${name}.`);
  const page = new Page({ name: pageName(command), section: '1', ...options })
    .name(pageName(command), firstSentence(command.summary))
    .heading('SYNOPSIS')
    .text(`likerctl ${command.name} [OPTIONS] ${command.usage}`.trimEnd())
    .heading('DESCRIPTION')
    .text([`${command.summary}.`, ...others].join(' '))
    .heading('OPTIONS');
  const flags = [...command.flags, ...commonFlags].toSorted((a, b) => a.name.localeCompare(b.name));
  for (const flag of flags) page.item(spelling(flag), meaning(flag));
  return page.heading('EXAMPLES').example(command.example).seeAlso([client, daemon]).toString();
}

function firstSentence(summary: string): string {
  const [first = ''] = summary.split('. ');
  return first.charAt(0).toLowerCase() + first.slice(1);
}

function spelling(flag: Flag): string {
  return `${spellings(flag).join(', ')}${flag.type === 'bool' ? '' : ` ${flag.value ?? 'VALUE'}`}`;
}

function meaning({ help, fallback, choices, type }: Flag): string {
  return [
    `${help}.`,
    ...(choices === undefined ? [] : [`One of ${choices.join(', ')}.`]),
    ...(type === 'list' ? ['May be given several times.'] : []),
    ...(fallback === undefined ? [] : [`Default: ${fallback}.`]),
  ].join(' ');
}

/** The options in the text of `likerd --help`. */
export function parseDaemonHelp(help: string): DaemonOption[] {
  return help.split('\n').flatMap((line) => {
    const [, name, text, kind = ''] = /^\s+--([a-z-]+)\s{2,}(.+?)\s{2,}(\[.*)$/.exec(line) ?? [];
    if (name === undefined || text === undefined) return [];
    const value = kind.startsWith('[boolean]') ? '' : ' VALUE';
    const choices = /\[choices: ([^\]]*)\]/.exec(kind)?.[1];
    const fallback = /\[default: ([^\]]*)\]/.exec(kind)?.[1];
    const parts = [
      `${text}.`,
      ...(choices === undefined ? [] : [`One of ${unquoted(choices)}.`]),
      ...(fallback === undefined || fallback === 'false' ? [] : [`Default: ${unquoted(fallback)}.`]),
    ];
    return [{ name: `--${name}${value}`, text: parts.join(' ') }];
  });
}

function unquoted(text: string): string {
  return text.replaceAll('"', '');
}

/** likerd(8). */
export function daemonPage(help: string, options: ManOptions): string {
  const page = new Page({ name: 'likerd', section: '8', ...options })
    .name('likerd', 'the daemon of the Liker container engine')
    .heading('SYNOPSIS')
    .text('likerd [OPTIONS]')
    .heading('DESCRIPTION')
    .text(
      'Runs containers and serves the API on a Unix socket. Each container has a small process, liker-shim, which owns its ' +
        'terminal and its log: it keeps running when likerd ends, and the next likerd adopts it.',
    )
    .text(
      'Root runs it for the machine. An ordinary user runs a likerd of his own: it enters a user namespace first, needs newuidmap, ' +
        'newgidmap and subordinate ids, and has folders of his own. rootless.md in /usr/share/doc/liker tells what differs.',
    )
    .text(
      'Under systemd, likerd.socket starts likerd.service. It reports when it is ready and feeds the watchdog (sd_notify). ' +
        'The control groups of containers are below liker-containers.service, in liker.slice.',
    )
    .heading('OPTIONS');
  for (const { name, text } of parseDaemonHelp(help)) page.item(name, text);
  return page
    .heading('SIGNALS')
    .item('SIGTERM, SIGINT', 'Shut down. Containers keep running, unless --stop-containers-on-exit is given.')
    .heading('ENVIRONMENT')
    .item('LIKER_ROOT, LIKER_RUN, LIKER_HOST', 'Defaults of --root, --run and --socket.')
    .heading('FILES')
    .item('/run/liker/liker.sock', 'The API: root and the group liker may connect.')
    .item('/run/liker', 'Sockets and exit records of running containers.')
    .item('/var/lib/liker', 'The database, the layers and the logs of containers.')
    .item('$XDG_RUNTIME_DIR/liker, ~/.local/share/liker', 'The same for the likerd of an ordinary user.')
    .heading('EXAMPLES')
    .example('systemctl set-property liker.slice MemoryMax=8G', 'systemctl stop liker-containers')
    .seeAlso([client, short])
    .toString();
}

/** liker(1). */
export function shortPage(options: ManOptions): string {
  return new Page({ name: 'liker', section: '1', ...options })
    .name('liker', 'run a command in a container whose root is a directory')
    .heading('SYNOPSIS')
    .text('liker DIR [COMMAND [ARG...]]')
    .heading('DESCRIPTION')
    .text(
      'Runs COMMAND, by default /bin/bash, in a container whose root file system is DIR; changes are written to DIR. Starts ' +
        'likerd if none is running. Ends with the exit status of COMMAND.',
    )
    .heading('EXAMPLES')
    .example('likerctl rootfs build ./rootfs', 'liker ./rootfs')
    .seeAlso([client, daemon])
    .toString();
}
