import { constants } from 'node:os';
import { invalid } from './errors.ts';

/** The usual name comes first where a number has two. */
const signals = Object.entries(constants.signals).map(([name, number]) => [name.slice(3), number] as const);
const aliases = { CLD: constants.signals.SIGCHLD, UNUSED: constants.signals.SIGSYS };

/** As in glibc, whose thread library takes the kernel's 32 and 33. */
const realTimeMin = 34;
const realTimeMax = 64;

const namesByNumber = new Map(signals.toReversed().map(([name, number]) => [number, name]));
const byName = new Map([...signals, ...Object.entries(aliases)]);

function realTime(name: string): number | null {
  const match = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (match === null) return null;
  const offset = Number(match[3] ?? 0) * (match[2] === '-' ? -1 : 1);
  const number = (match[1] === 'MIN' ? realTimeMin : realTimeMax) + offset;
  return number >= realTimeMin && number <= realTimeMax ? number : null;
}

/**
 * Parses a signal: a number from 1 to 64, a name with or without SIG in any case, or RTMIN+n, RTMAX-n. Throws BAD_ARGUMENT on
 * `field`.
 */
export function parseSignal(text: string, field: string): number {
  const name = text.trim().toUpperCase();
  if (/^\d{1,2}$/.test(name)) {
    const number = Number(name);
    if (number >= 1 && number <= realTimeMax) return number;
  }
  const bare = name.startsWith('SIG') ? name.slice(3) : name;
  const number = byName.get(bare) ?? realTime(bare);
  if (number === null) {
    throw invalid(field, text, 'give the name of a signal such as TERM or SIGUSR1, or 1 to 64');
  }
  return number;
}

/** The name of a signal, such as SIGTERM for 15 or SIGRTMIN+3 for 37. A number without a name is returned as text. */
export function signalName(number: number): string {
  const name = namesByNumber.get(number);
  if (name !== undefined) return `SIG${name}`;
  if (number === realTimeMin) return 'SIGRTMIN';
  if (number > realTimeMin && number <= realTimeMax) return `SIGRTMIN+${number - realTimeMin}`;
  return String(number);
}
