import type { Command } from './command.ts';
import { type Flag, spellings } from './flag.ts';
import { commonFlags } from './parse.ts';

export const shellNames = ['bash', 'zsh', 'fish'] as const;

export type ShellName = (typeof shellNames)[number];

/** The script that completes commands, flags, choices and container names. */
export function completionScript(shell: ShellName, commands: readonly Command[]): string {
  if (shell === 'fish') return fishScript(commands);
  const bash = bashScript(commands);
  if (shell === 'bash') return bash;
  // zsh loads this file at the first completion of likerctl: the last line performs that completion.
  return `#compdef likerctl
autoload -U +X bashcompinit && bashcompinit
${bash}[ "$funcstack[1]" != _likerctl ] || _bash_complete ${how}
`;
}

/** Asks the daemon for the names of containers. */
const listNames = "likerctl ps -a --format '{{.Names}}' 2>/dev/null";

/** Options of bash's `complete`, which zsh understands too. */
const how = '-o filenames -o bashdefault -F _likerctl';

function bashScript(commands: readonly Command[]): string {
  return `_likerctl() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]} flags= operands=
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${topWords(commands).join(' ')}" -- "$word"))
    return
  fi
  case $command in
${groups(commands).map(groupCase).join('\n')}
  esac
  case $command in
${commands.map(bashCase).join('\n')}
  esac
  case $previous in
${choiceCases(commands)}
  esac
  if [ "\${word#-}" != "$word" ]; then COMPREPLY=($(compgen -W "$flags" -- "$word"))
  elif [ "$operands" = container ]; then COMPREPLY=($(compgen -W "$(${listNames})" -- "$word"))
  elif [ -n "$operands" ]; then COMPREPLY=($(compgen -W "$operands" -- "$word"))
  else COMPREPLY=($(compgen -f -- "$word"))
  fi
}
complete ${how} likerctl
`;
}

/** Completes the second word of a command that has two. */
function groupCase([group, words]: readonly [string, readonly string[]]): string {
  return `    ${group})
      if [ "$COMP_CWORD" -eq 2 ]; then
        COMPREPLY=($(compgen -W "${words.join(' ')}" -- "$word"))
        return
      fi
      command="$command \${COMP_WORDS[2]}" ;;`;
}

function groups(commands: readonly Command[]): readonly (readonly [string, readonly string[]])[] {
  const twoWords = commands.map(({ name }) => name.split(' ')).filter(({ length }) => length === 2);
  return [...Map.groupBy(twoWords, ([first = '']) => first)].map(([group, names]) => [
    group,
    names.map(([, second = '']) => second),
  ]);
}

function bashCase(command: Command): string {
  const flags = allFlags(command).flatMap(spellings).join(' ');
  return `    '${command.name}') flags="${flags}" operands="${operandWords(command)}" ;;`;
}

function choiceCases(commands: readonly Command[]): string {
  const byName = new Map(
    commands.flatMap(({ flags }) => flags).flatMap(({ name, choices }) => (choices ? [[name, choices]] : [])),
  );
  return [...byName]
    .map(
      ([name, choices]) =>
        `    --${name}) COMPREPLY=($(compgen -W "${choices.join(' ')}" -- "$word")); return ;;`,
    )
    .join('\n');
}

function fishScript(commands: readonly Command[]): string {
  const lines = ['complete -c likerctl -f'];
  for (const command of commands) {
    const [first = '', second] = command.name.split(' ');
    const seen = `__fish_seen_subcommand_from ${second ?? first}`;
    const before = second === undefined ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${first}`;
    lines.push(`complete -c likerctl -n '${before}' -a ${second ?? first} -d ${fishQuote(command.summary)}`);
    const operands = operandWords(command);
    if (operands === 'container') lines.push(`complete -c likerctl -n '${seen}' -a "(${listNames})"`);
    else if (operands === '') lines.push(`complete -c likerctl -n '${seen}' -F`);
    else lines.push(`complete -c likerctl -n '${seen}' -a '${operands}'`);
    for (const flag of allFlags(command)) lines.push(fishFlag(seen, flag));
  }
  return `${lines.join('\n')}\n`;
}

function fishFlag(seen: string, flag: Flag): string {
  const short = flag.short === undefined ? '' : ` -s ${flag.short}`;
  const value = flag.type === 'bool' ? '' : ' -r';
  const choices = flag.choices === undefined ? '' : ` -a '${flag.choices.join(' ')}'`;
  return `complete -c likerctl -n '${seen}'${short} -l ${flag.name}${value}${choices} -d ${fishQuote(flag.help)}`;
}

function fishQuote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function topWords(commands: readonly Command[]): string[] {
  return [...new Set(commands.map(({ name }) => name.split(' ')[0] ?? ''))];
}

function allFlags(command: Command): readonly Flag[] {
  return [...command.flags, ...commonFlags];
}

/** What completes the operands: `container` stands for container names, other words for themselves, an empty text for files. */
function operandWords({ usage }: Command): string {
  if (/^\[?CONTAINER/.test(usage)) return 'container';
  return usage.includes('|') ? usage.replaceAll('|', ' ') : '';
}
