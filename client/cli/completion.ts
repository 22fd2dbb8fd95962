import { own } from '../../common/own.ts';
import type { Command } from './command.ts';
import { type Flag, spellings } from './flag.ts';
import { commonFlags } from './parse.ts';

export const shellNames = ['bash', 'zsh', 'fish'] as const;

export type ShellName = (typeof shellNames)[number];

/** The script that completes commands, flags, choices and the names of containers and networks. */
export function completionScript(shell: ShellName, commands: readonly Command[]): string {
  if (shell === 'fish') return fishScript(commands);
  const bash = bashScript(commands);
  if (shell === 'bash') return `${bash}complete ${how} likerctl\n`;
  // zsh loads this file at the first completion of likerctl: the last line performs that completion.
  // Without nospace it puts a blank behind the only word that fits, which may be just the beginning of a value.
  return `#compdef likerctl
autoload -U +X bashcompinit && bashcompinit
${bash}_likerctl_zsh() {
  case \${words[CURRENT-1]} in
    ${flagsWith(commands, 'suggestions')
      .map(([name]) => `--${name}`)
      .join('|')}) _bash_complete -o nospace ${how} ;;
    *) _bash_complete ${how} ;;
  esac
}
compdef _likerctl_zsh likerctl
[ "$funcstack[1]" != _likerctl ] || _likerctl_zsh
`;
}

/** Ask the daemon for names. */
const listNames = "likerctl ps -a --format '{{.Names}}' 2>/dev/null";
const listNetworks = "likerctl network ls --format '{{.Name}}' 2>/dev/null";

/** What lists the words of operands of this kind. */
const listings = {
  container: listNames,
  network: listNetworks,
  'network container': `${listNetworks}; ${listNames}`,
} as const;

/** The kind of the operands, by the beginning of the usage. */
const operandKinds: readonly (readonly [RegExp, keyof typeof listings])[] = [
  [/^\[?CONTAINER/, 'container'],
  [/^NETWORK CONTAINER/, 'network container'],
  // Not the name of one that is to be made.
  [/^NETWORK \[/, 'network'],
];

/** Options of bash's `complete`, which zsh understands too. */
const how = '-o filenames -o bashdefault -F _likerctl';

function bashScript(commands: readonly Command[]): string {
  return `_likerctl() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]}
  local flags= operands= before= suggestions=
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
  # bash divides what is typed at = and colons, zsh does not.
  if [ "$word" = = ] || [ "$word" = : ]; then before=$previous$word word= previous=\${COMP_WORDS[COMP_CWORD-2]}
  elif [ "$previous" = = ] || [ "$previous" = : ]; then before=\${COMP_WORDS[COMP_CWORD-2]}$previous previous=\${COMP_WORDS[COMP_CWORD-3]}
  fi
  case $previous in
${choiceCases(commands)}
${suggestionCases(commands)}
  esac
  if [ -n "$suggestions" ]; then
    case $before$word in
      container:*) COMPREPLY=($(compgen -P container: -W "$(${listNames})" -- "\${word#container:}")) ;;
      *) COMPREPLY=($(compgen -W "$suggestions" -- "$before$word")) ;;
    esac
    COMPREPLY=("\${COMPREPLY[@]#"$before"}")
    if [ -n "\${COMPREPLY[0]}" ]; then
      # These are no files, whose = and : would be quoted. zsh has no compopt.
      if type compopt >/dev/null 2>&1; then
        compopt +o filenames
        case \${COMPREPLY[0]} in *[=:/]) compopt -o nospace ;; esac
      fi
      return
    fi
  fi
  if [ "\${word#-}" != "$word" ]; then COMPREPLY=($(compgen -W "$flags" -- "$word"))
${Object.entries(listings)
  .map(
    ([kind, listing]) =>
      `  elif [ "$operands" = '${kind}' ]; then COMPREPLY=($(compgen -W "$(${listing})" -- "$word"))\n`,
  )
  .join('')}  elif [ -n "$operands" ]; then COMPREPLY=($(compgen -W "$operands" -- "$word"))
  else COMPREPLY=($(compgen -f -- "$word"))
  fi
}
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
  return flagsWith(commands, 'choices')
    .map(
      ([name, choices]) =>
        `    --${name}) COMPREPLY=($(compgen -W "${choices.join(' ')}" -- "$word")); return ;;`,
    )
    .join('\n');
}

function suggestionCases(commands: readonly Command[]): string {
  return flagsWith(commands, 'suggestions')
    .map(([name, suggestions]) => {
      const more = networkFlags(commands).has(name) ? ` $(${listNetworks})` : '';
      return `    --${name}) suggestions="${suggestions.join(' ')}${more}" ;;`;
    })
    .join('\n');
}

/** The names of the flags that take networks. */
function networkFlags(commands: readonly Command[]): ReadonlySet<string> {
  const flags = commands.flatMap((command) => command.flags);
  return new Set(flags.flatMap(({ name, suggestsNetworks }) => (suggestsNetworks ? [name] : [])));
}

/** The flags, by name, that have such values, with these. */
function flagsWith(
  commands: readonly Command[],
  kind: 'choices' | 'suggestions',
): readonly (readonly [string, readonly string[]])[] {
  const flags = commands.flatMap((command) => command.flags);
  return [...new Map(flags.flatMap(({ name, [kind]: values }) => (values ? [[name, values]] : [])))];
}

function fishScript(commands: readonly Command[]): string {
  const lines = ['complete -c likerctl -f'];
  for (const command of commands) {
    const [first = '', second] = command.name.split(' ');
    const seen = `__fish_seen_subcommand_from ${second ?? first}`;
    const before = second === undefined ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${first}`;
    lines.push(`complete -c likerctl -n '${before}' -a ${second ?? first} -d ${fishQuote(command.summary)}`);
    const operands = operandWords(command);
    const listing = own(listings, operands);
    if (listing !== undefined) lines.push(`complete -c likerctl -n '${seen}' -a "(${listing})"`);
    else if (operands === '') lines.push(`complete -c likerctl -n '${seen}' -F`);
    else lines.push(`complete -c likerctl -n '${seen}' -a '${operands}'`);
    for (const flag of allFlags(command)) lines.push(fishFlag(seen, flag));
  }
  return `${lines.join('\n')}\n`;
}

function fishFlag(seen: string, flag: Flag): string {
  const short = flag.short === undefined ? '' : ` -s ${flag.short}`;
  const value = flag.type === 'bool' ? '' : flag.choices || flag.suggestions ? ' -x' : ' -r';
  const networks = flag.suggestsNetworks ? [`(${listNetworks})`] : [];
  const values = [...(flag.choices ?? flag.suggestions ?? []), ...networks]
    .join(' ')
    .replace('container:', `container:(${listNames})`);
  const offered = values === '' ? '' : ` -a ${fishQuote(values)}`;
  return `complete -c likerctl -n '${seen}'${short} -l ${flag.name}${value}${offered} -d ${fishQuote(flag.help)}`;
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

/** What completes the operands: a key of `listings` stands for such names, other words for themselves, an empty text for files. */
function operandWords({ usage }: Command): string {
  const kind = operandKinds.find(([pattern]) => pattern.test(usage))?.[1];
  if (kind !== undefined) return kind;
  return usage.includes('|') ? usage.replaceAll('|', ' ') : '';
}
