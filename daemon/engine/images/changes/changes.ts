import { posix } from 'node:path';
import { asError, badArgument } from '../../../../common/errors.ts';
import { own } from '../../../../common/own.ts';
import { parseSignal } from '../../../../common/signals.ts';
import type { Configuration } from '../model/configuration.ts';
import { healthcheckOf } from './healthcheck.ts';
import { type Instruction, parseInstructions } from './instructions.ts';
import { commandOf, listOf, pairsOf, portsOf } from './values.ts';
import { expandWord, lookupIn, splitAt } from './words.ts';

type Defaults = Configuration['config'];
/** Fields of `config` in the JSON of a configuration. */
type Changed = { -readonly [Field in keyof Defaults]?: Defaults[Field] };

interface State {
  readonly config: Defaults & Changed;
  /** As it was given: an entry point takes away the command of the image below, but not this one. */
  hasCommand: boolean;
}

/** What an instruction sets. Throws an Error that says what is wrong. */
type Change = (rest: string, state: State) => Changed;

/** Those that Docker has for import and commit. */
const instructions: Readonly<Record<string, Change>> = {
  CMD(rest, state) {
    state.hasCommand = true;
    return { Cmd: commandOf(rest, state.config.Shell) };
  },
  ENTRYPOINT: (rest, { config, hasCommand }) => ({
    Entrypoint: commandOf(rest, config.Shell),
    ...(!hasCommand && { Cmd: null }),
  }),
  ENV: (rest, { config }) => ({ Env: withVariables(config.Env, pairsOf(rest, lookupIn(config.Env))) }),
  EXPOSE: (rest, { config }) => ({
    ExposedPorts: { ...config.ExposedPorts, ...setOf(portsOf(expanded(rest, config))) },
  }),
  HEALTHCHECK: (rest) => ({ Healthcheck: healthcheckOf(rest) }),
  LABEL: (rest, { config }) => ({
    Labels: { ...config.Labels, ...Object.fromEntries(pairsOf(rest, lookupIn(config.Env))) },
  }),
  ONBUILD(rest, { config }) {
    const [word = ''] = rest.split(/\s/, 1);
    if (['ONBUILD', 'FROM', 'MAINTAINER'].includes(word.toUpperCase()))
      throw new Error(`${word} cannot be a trigger`);
    return { OnBuild: [...config.OnBuild, rest] };
  },
  STOPSIGNAL(rest, { config }) {
    const signal = expanded(rest, config);
    parseSignal(signal, 'changes');
    return { StopSignal: signal };
  },
  USER: (rest, { config }) => ({ User: expanded(rest, config) }),
  VOLUME: (rest, { config }) => ({
    Volumes: { ...config.Volumes, ...setOf(listOf(rest).map((path) => volumePath(expanded(path, config)))) },
  }),
  WORKDIR: (rest, { config }) => ({
    WorkingDir: posix.resolve('/', config.WorkingDir, expanded(rest, config)),
  }),
};

/** No Dockerfile has so many. */
const mostInstructions = 200;

/** The fields of `config` that the changes set, as in `docker commit --change`. Errors: BAD_ARGUMENT. */
export function applyChanges(config: Defaults, changes: readonly string[]): Readonly<Changed> {
  let changed: Changed = {};
  const state: State = { config, hasCommand: false };
  const given = parseInstructions(changes);
  if (given.length > mostInstructions)
    throw badArgument('changes', `Invalid changes: they are more than ${mostInstructions}`);
  for (const instruction of given) {
    const now = { ...state, config: { ...config, ...changed } };
    changed = { ...changed, ...change(instruction, now) };
    state.hasCommand = now.hasCommand;
  }
  return changed;
}

function change({ name, rest, text }: Instruction, state: State): Changed {
  const refuse = (why: string): Error => badArgument('changes', `Invalid change '${text}': ${why}`);
  const apply = own(instructions, name);
  if (!apply) throw refuse(`${name} is none of ${Object.keys(instructions).join(', ')}`);
  if (rest === '') throw refuse(`${name} needs a value`);
  try {
    return apply(rest, state);
  } catch (error) {
    throw refuse(asError(error).message);
  }
}

/** One value, which may have blanks in quotes. */
function expanded(text: string, { Env }: Defaults): string {
  const value = expandWord(text, lookupIn(Env));
  if (value.trim() === '') throw new Error('the value is empty');
  return value;
}

function volumePath(path: string): string {
  if (!path.startsWith('/')) throw new Error(`'${path}' is no absolute path`);
  return path;
}

function setOf(names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}

/** A variable keeps its place. */
function withVariables(env: readonly string[], pairs: readonly (readonly [string, string])[]): string[] {
  const values = new Map(env.map((line) => splitAt(line, '=')));
  for (const [name, value] of pairs) values.set(name, value);
  return [...values].map(([name, value]) => `${name}=${value}`);
}
