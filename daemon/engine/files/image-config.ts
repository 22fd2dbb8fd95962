import { signalName } from '../../../common/signals.ts';
import type { ContainerSpec } from '../containers/model/spec.ts';

type Json = Readonly<Record<string, unknown>>;

/** The JSON of an image's `config` that runs as a container does. `below`: that of its own image, of which fields that Liker does not know stay. */
export function imageConfig(spec: ContainerSpec, below: unknown): Json {
  const { process, entrypoint, labels, exposedPorts, imageVolumes, stopSignal } = spec;
  const given = typeof below === 'object' && below !== null ? (below as Json) : {};
  const { Env: _e, Entrypoint: _p, Cmd: _c, User: _u, WorkingDir: _w, Labels: _l, ...kept } = given;
  const { ExposedPorts: _x, Volumes: _v, StopSignal: _s, Healthcheck: _h, ...others } = kept;
  return {
    ...others,
    ...(process.env.length > 0 && { Env: process.env }),
    ...(entrypoint.length > 0 && { Entrypoint: entrypoint }),
    ...(process.args.length > 0 && { Cmd: process.args }),
    ...(process.user !== '' && { User: process.user }),
    ...(process.cwd !== '/' && { WorkingDir: process.cwd }),
    ...(Object.keys(labels).length > 0 && { Labels: labels }),
    ...(exposedPorts.length > 0 && { ExposedPorts: setOf(exposedPorts) }),
    ...(imageVolumes.length > 0 && { Volumes: setOf(imageVolumes) }),
    ...(stopSignal !== 15 && { StopSignal: signalName(stopSignal) }),
    ...healthcheckOf(spec, given),
  };
}

/** Docker counts in nanoseconds. */
function healthcheckOf({ healthCheck }: ContainerSpec, given: Json): Json {
  if (!healthCheck) return 'Healthcheck' in given ? { Healthcheck: { Test: ['NONE'] } } : {};
  const { shell, args, intervalMs, timeoutMs, startPeriodMs, startIntervalMs, retries } = healthCheck;
  return {
    Healthcheck: {
      Test: shell === '' ? ['CMD', ...args] : ['CMD-SHELL', shell],
      Interval: intervalMs * 1e6,
      Timeout: timeoutMs * 1e6,
      StartPeriod: startPeriodMs * 1e6,
      StartInterval: startIntervalMs * 1e6,
      Retries: retries,
    },
  };
}

function setOf(names: readonly string[]): Json {
  return Object.fromEntries(names.map((name) => [name, {}]));
}
