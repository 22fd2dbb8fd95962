import { own } from '../../../../common/own.ts';
import { parseDuration } from '../../../../common/units.ts';
import type { Configuration } from '../model/configuration.ts';
import { jsonList } from './values.ts';
import { splitAt } from './words.ts';

type Healthcheck = NonNullable<Configuration['config']['Healthcheck']>;

const flags: Readonly<Record<string, keyof Omit<Healthcheck, 'Test'>>> = {
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
  retries: 'Retries',
};

const none: Healthcheck = {
  Test: ['NONE'],
  Interval: 0,
  Timeout: 0,
  StartPeriod: 0,
  StartInterval: 0,
  Retries: 0,
};

/** Of `[--FLAG=VALUE...] CMD COMMAND`, or NONE. Throws an Error that says what is wrong. */
export function healthcheckOf(text: string): Healthcheck {
  const check: Record<string, number> = {};
  let rest = text;
  for (let found = /^--(\S+)\s*/.exec(rest); found; found = /^--(\S+)\s*/.exec(rest)) {
    const [flag, value] = splitAt(found[1] ?? '', '=');
    const field = own(flags, flag);
    if (field === undefined) throw new Error(`--${flag} is none of its flags`);
    check[field] = field === 'Retries' ? retriesOf(value) : nanosecondsOf(flag, value);
    rest = rest.slice(found[0].length);
  }
  const [, kind = '', command = ''] = /^(\S+)\s*(.*)$/s.exec(rest) ?? [];
  if (kind.toUpperCase() === 'NONE' && command === '') return none;
  if (kind.toUpperCase() !== 'CMD' || command === '')
    throw new Error('write CMD and a command behind the flags, or NONE alone');
  const list = jsonList(command);
  return { ...none, ...check, Test: list ? ['CMD', ...list] : ['CMD-SHELL', command] };
}

function retriesOf(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new Error(`'${text}' is no number of retries`);
  return Number(text);
}

function nanosecondsOf(flag: string, text: string): number {
  const ms = parseDuration(text, flag);
  if (ms !== 0 && ms < 1) throw new Error(`--${flag} is less than 1ms`);
  return Math.round(ms * 1e6);
}
