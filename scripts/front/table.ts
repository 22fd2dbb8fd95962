import type { Flag } from '../../client/cli/flag.ts';
import { commonFlags } from '../../client/cli/parse.ts';
import type { Beside, FlagKind, FrontCommand } from './commands.ts';
import { addition, type MessageTree, messageTree, type Path, without } from './message-tree.ts';
import { type Conversion, conversions, fixedPlace, type Place, valuePlace } from './places.ts';

/** A flag as C has it, or one of its words. */
export interface FlagRow {
  readonly flag: Flag;
  readonly kind: FlagKind | 'HOST';
  readonly word?: string;
  readonly place: Place | null;
}

/** What C has of a command. */
export interface CommandTable {
  /** The message without arguments, first operand and flags. */
  readonly base: MessageTree;
  readonly rows: readonly FlagRow[];
  readonly subjects: readonly Place[];
  readonly args: Place;
  readonly requestId: Place;
  readonly terminalSize: Path;
}

/** --host belongs to every command and to none, and to no message. */
export const hostRow: FlagRow = { flag: flagNamed(commonFlags, 'host'), kind: 'HOST', place: null };

/** Finds out what each flag does to the message. Throws an Error if one is not of the kind that it is said to be. */
export function commandTable(command: FrontCommand): CommandTable {
  const prefixes = Object.values(command.subjects);
  const subject = `${prefixes[0]}a`;
  const tree = (argv: readonly string[], beside?: Beside): MessageTree =>
    messageTree(`liker.v1.${command.method}Request`, command.message(argv, beside));
  const whole: Line = (flags, beside) => tree([...flags, subject, 'x'], beside);
  const withoutArgs = withoutFieldOf(whole([]), tree([subject, 'x', 'y']));
  const withoutSubject = withoutFieldOf(whole([]), tree([`${prefixes[0]}b`, 'x']));
  const bare: Line = (flags, beside) => withoutSubject(withoutArgs(whole(flags, beside)));
  const base = bare([]);
  return {
    base,
    rows: [...flagRows(command, base, bare), hostRow],
    subjects: prefixes.map((prefix) =>
      valuePlace(prefixed(conversions.TEXT, prefix), base, ([value = '']) => withoutArgs(tree([value, 'x']))),
    ),
    args: valuePlace(conversions.LIST, withoutArgs(whole([])), (args) => tree([subject, ...args])),
    requestId: valuePlace(conversions.TEXT, base, ([requestId = '']) => bare([], { requestId })),
    terminalSize: terminalSize(bare),
  };
}

type Line = (flags: readonly string[], beside?: Beside) => MessageTree;

function flagRows({ name: command, flags, known }: FrontCommand, base: MessageTree, line: Line): FlagRow[] {
  const row = (name: string, kind: FlagKind, place: () => Place): FlagRow => {
    try {
      return { flag: flagNamed(flags, name), kind, place: place() };
    } catch (error) {
      throw new Error(`--${name} of ${command} is not of kind ${kind}`, { cause: error });
    }
  };
  const words = Object.entries(known.WORD).flatMap(([name, words]) =>
    words.map((word) => ({
      ...row(name, 'WORD', () => fixedPlace(base, line([`--${name}=${word}`]))),
      word,
    })),
  );
  const switches = (['TRUE', 'STDIN', 'TTY'] as const).flatMap((kind) =>
    known[kind].map((name) => row(name, kind, () => fixedPlace(base, line([`--${name}`])))),
  );
  const valued = Object.entries(conversions).flatMap(([kind, conversion]) =>
    known[kind as keyof typeof conversions].map((name) =>
      row(name, kind as FlagKind, () =>
        valuePlace(conversion, base, (values) => line(values.map((value) => `--${name}=${value}`))),
      ),
    ),
  );
  return [...switches, ...valued, ...words];
}

/** Removes the one field in which both messages differ, from any message. */
function withoutFieldOf(one: MessageTree, other: MessageTree): (tree: MessageTree) => MessageTree {
  const { path, fields } = addition(one, other);
  const [field] = fields;
  if (field === undefined || fields.length > 1) throw new Error('An operand is in more than one field');
  return (tree) => without(tree, { path, tag: field.tag });
}

function prefixed({ samples, convert }: Conversion, prefix: string): Conversion {
  return { samples: samples.map((values) => values.map((value) => `${prefix}${value}`)), convert };
}

/** The tags of columns, rows, width and height in pixels, as C has them. */
const sizeTags = [0x08, 0x10, 0x18, 0x20];

function terminalSize(line: Line): Path {
  const size = { columns: 1, rows: 2, xPixels: 3, yPixels: 4 };
  const { path, fields } = addition(line(['--tty']), line(['--tty'], { size }));
  if (fields.some(({ tag, value }, index) => tag !== sizeTags[index] || value[0] !== index + 1))
    throw new Error('A TerminalSize has other fields');
  return path;
}

function flagNamed(flags: readonly Flag[], name: string): Flag {
  const flag = flags.find((known) => known.name === name);
  if (flag === undefined) throw new Error(`There is no flag --${name}`);
  return flag;
}
