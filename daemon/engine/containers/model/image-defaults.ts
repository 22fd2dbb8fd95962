import { posix } from 'node:path';
import { parseSignal } from '../../../../common/signals.ts';
import type { Configuration } from '../../images/model/configuration.ts';
import { withImageLimits } from './image-limits.ts';
import type { AskedSpec } from './spec.ts';

type Defaults = Configuration['config'];
type AskedCheck = NonNullable<AskedSpec['healthCheck']>;

/**
 * What is asked of a container, completed by what its image says. What is asked for goes first, by Docker's rules
 * (moby, daemon/commit.go: merge). Throws BAD_ARGUMENT for a stop signal that there is not.
 */
export function withImageDefaults(asked: AskedSpec, image: Defaults): AskedSpec {
  const { process } = asked;
  const { StopSignal, StopTimeout } = image;
  const { noNewPrivileges, ...limits } = withImageLimits(asked, image.Labels);
  return {
    ...asked,
    ...limits,
    ...command(asked, image),
    process: {
      ...process,
      noNewPrivileges,
      ...command(asked, image).process,
      env: withoutNamed(image.Env, process.env ?? []),
      cwd: process.cwd ?? (image.WorkingDir === '' ? undefined : posix.resolve('/', image.WorkingDir)),
      user: process.user ?? image.User,
    },
    labels: { ...image.Labels, ...asked.labels },
    exposedPorts: [...new Set([...portsOf(image), ...(asked.exposedPorts ?? [])])],
    imageVolumes: Object.keys(image.Volumes).map((path) => posix.resolve('/', path)),
    stopSignal:
      asked.stopSignal ?? (StopSignal === '' ? undefined : parseSignal(StopSignal, 'spec.stop_signal')),
    stopTimeoutSeconds: asked.stopTimeoutSeconds ?? StopTimeout ?? undefined,
    healthCheck: healthCheck(asked.healthCheck, image),
  };
}

/** An entrypoint that is asked for, even an empty one, takes the image's command away as well. */
function command({ entrypoint, process }: AskedSpec, image: Defaults) {
  const isGiven = entrypoint !== undefined || process.args.length > 0;
  return {
    entrypoint: entrypoint ?? image.Entrypoint ?? [],
    process: { args: isGiven ? process.args : (image.Cmd ?? []) },
  };
}

/** The image's variables, except those that are asked for by the same name. A name without a value is none. */
function withoutNamed(env: readonly string[], asked: readonly string[]): string[] {
  const nameOf = (variable: string) => variable.slice(0, Math.max(variable.indexOf('='), 0));
  const names = new Set(asked.map(nameOf));
  return [...env.filter((variable) => nameOf(variable) !== '' && !names.has(nameOf(variable))), ...asked];
}

/** PORT[-PORT]/PROTOCOL. */
function portsOf({ ExposedPorts }: Defaults): string[] {
  return Object.keys(ExposedPorts)
    .map((port) => (port.includes('/') ? port : `${port}/tcp`))
    .filter((port) => /^\d{1,5}(-\d{1,5})?\/(tcp|udp|sctp)$/.test(port));
}

/** Each field for itself, so that one may ask for another interval of the image's probe. */
function healthCheck(asked: AskedSpec['healthCheck'], image: Defaults): AskedSpec['healthCheck'] {
  if (asked === null) return null;
  const given = asked ?? {};
  const hasProbe = (given.shell ?? '') !== '' || (given.args ?? []).length > 0;
  const {
    Test = [],
    Interval = 0,
    Timeout = 0,
    StartPeriod = 0,
    StartInterval = 0,
    Retries = 0,
  } = image.Healthcheck ?? {};
  const probe = hasProbe ? inShell(given, image) : probeOf(Test, image);
  if (probe === null) return asked === undefined ? null : given;
  return {
    intervalMs: milliseconds(Interval),
    timeoutMs: milliseconds(Timeout),
    startPeriodMs: milliseconds(StartPeriod),
    startIntervalMs: milliseconds(StartInterval),
    retries: Retries === 0 ? undefined : Retries,
    ...withoutUndefined(given),
    ...probe,
  };
}

function probeOf(
  [kind, ...words]: readonly string[],
  image: Defaults,
): Pick<AskedCheck, 'shell' | 'args'> | null {
  if (kind === 'CMD' && words.length > 0) return { args: words };
  return kind === 'CMD-SHELL' ? inShell({ shell: words.join(' ') }, image) : null;
}

/** A line for the image's own shell is a program with arguments. */
function inShell(
  { shell = '', args = [] }: AskedCheck,
  { Shell }: Defaults,
): Pick<AskedCheck, 'shell' | 'args'> {
  return shell === '' || Shell.length === 0 ? { shell, args } : { shell: '', args: [...Shell, shell] };
}

/** Undefined for 0, the default. */
function milliseconds(ns: number): number | undefined {
  return ns === 0 ? undefined : Math.max(1, Math.round(ns / 1e6));
}

function withoutUndefined<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}
