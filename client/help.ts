import { own } from '../common/own.ts';
import type { Command } from './cli/command.ts';
import { dockerFlags } from './cli/docker-flags.ts';
import { type Flag, spellings } from './cli/flag.ts';
import { commonFlags } from './cli/parse.ts';
import { commands, otherNames } from './registry.ts';

const width = 100;

/** Notes that apply to every command. */
export const notes = [
  "'likerctl container COMMAND' is the same as 'likerctl COMMAND'.",
  "A flag without a value is turned off by '--no-FLAG' or '--FLAG=false'.",
];

/** The help of one command. */
export function commandHelp(command: Command): string {
  const flags = [...command.flags, ...commonFlags].toSorted((a, b) => a.name.localeCompare(b.name));
  const hasOptions = command.flags.length > 0 ? ' [OPTIONS]' : '';
  const usage = `likerctl ${command.name}${hasOptions} ${command.usage}`.trimEnd();
  const others = otherNames(command.name);
  return [
    `Usage:  ${usage}`,
    ...(others.length > 0 ? [`Also:   ${others.join(', ')}`] : []),
    '',
    command.summary,
    '',
    'Example:',
    `  ${command.example}`,
    '',
    'Options:',
    ...columns(flags.map((flag) => [flagSpelling(flag), flagText(flag)])),
    ...dockerLines(command.name),
  ].join('\n');
}

/** Docker's flags that have no effect or are not supported. */
function dockerLines(command: string): string[] {
  const all = dockerFlags(command).toSorted((a, b) => a.name.localeCompare(b.name));
  const names = (flags: readonly Flag[]): string => flags.map((flag) => spellings(flag).join('/')).join(', ');
  const [taken, refused] = [
    all.filter(({ docker }) => docker?.passes),
    all.filter(({ docker }) => !docker?.passes),
  ];
  const lines = [
    ...(taken.length > 0 ? [`Docker's flags that are accepted without effect: ${names(taken)}`] : []),
    ...(refused.length > 0 ? [`Docker's flags that are not supported yet: ${names(refused)}`] : []),
  ];
  return lines.flatMap((line) => ['', ...wrap(line, width)]);
}

/** Headings, by the command that follows. */
const headings: Readonly<Record<string, string>> = {
  run: 'Containers:',
  images: 'Images and root file systems:',
  'network create': 'Networks:',
  'volume create': 'Volumes, mounts and secrets:',
  info: 'Engine and client:',
};

function commandList(): string[] {
  const rows = commands.map(({ name, summary }) => [name, summary] as const);
  const indent = indentOf(rows);
  const lines = rows.flatMap((row) => {
    const heading = own(headings, row[0]);
    return [...(heading === undefined ? [] : ['', heading]), ...columns([row], indent)];
  });
  return lines.slice(1);
}

/** The help of likerctl itself. */
export function mainHelp(): string {
  return [
    'Usage:  likerctl [-H unix://PATH] COMMAND',
    '',
    'Run containers with likerd',
    '',
    'Example:',
    '  likerctl run -it --rm ./rootfs bash',
    '',
    ...commandList(),
    '',
    'Options:',
    ...columns([
      ['-H, --host unix://PATH', 'Socket of the daemon (default: $LIKER_HOST, or liker.sock in $LIKER_RUN)'],
      ['    --version', 'Print the version of likerctl'],
    ]),
    '',
    ...notes,
    'likerd keeps its data in $LIKER_ROOT (/var/lib/liker) and its socket in $LIKER_RUN (/run/liker);',
    "an ordinary user's in ~/.local/share/liker and $XDG_RUNTIME_DIR/liker.",
    'likerctl speaks ttrpc with it, or $LIKER_WIRE (ttrpc, grpc), and runs on Node.js throughout if $LIKER_RUNTIME is node.',
    "Run 'likerctl COMMAND --help' for more about a command.",
  ].join('\n');
}

function flagSpelling(flag: Flag): string {
  const indent = flag.short === undefined ? '    ' : '';
  const value = flag.type === 'bool' ? '' : ` ${flag.value ?? 'VALUE'}`;
  return `${indent}${spellings(flag).join(', ')}${value}`;
}

function flagText(flag: Flag): string {
  return flag.fallback === undefined ? flag.help : `${flag.help} (default: ${flag.fallback})`;
}

type Rows = readonly (readonly [string, string])[];

/** Where the second column begins. */
function indentOf(rows: Rows): number {
  return 2 + Math.max(...rows.map(([left]) => left.length)) + 2;
}

/** Lays out two columns and wraps the second. */
function columns(rows: Rows, indent = indentOf(rows)): string[] {
  return rows.flatMap(([left, right]) => {
    const [first = '', ...more] = wrap(right, width - indent);
    return [`  ${left}`.padEnd(indent) + first, ...more.map((line) => ' '.repeat(indent) + line)];
  });
}

function wrap(text: string, columnsLeft: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columnsLeft) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
