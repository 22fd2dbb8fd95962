import { decimal, list, str, u32, Writer } from './fields.ts';
import {
  type Launch,
  launchSettings,
  type ShimSettings,
  type Step,
  type StepOf,
  shimSettings,
  steps,
} from './steps.ts';

/** "LKRP", little-endian. */
const magic = 0x50524b4c;
const planVersion = 1;
const kindShim = 0x100;
const kindLaunch = 0x101;
const kindProcesses = 0x102;
const kindUser = 0x103;
const kindSteps = 0x110;

const listing = { folder: str, pids: list(u32) };

function plan(write: (w: Writer) => void): Buffer {
  const w = new Writer();
  w.u32(magic);
  w.u32(planVersion);
  write(w);
  return w.finish();
}

function writeStep(w: Writer, step: Step): void {
  const [kind, fields] = steps[step.step];
  w.record(kind, fields, step as never);
}

/** Encodes a launch. With `shim`, it starts a container and its shim; without, it is an exec for a running shim. */
export function encodeLaunch(launch: Launch, shim?: ShimSettings): Buffer {
  return plan((w) => {
    if (shim) w.record(kindShim, shimSettings, shim);
    w.record(kindLaunch, launchSettings, launch.settings);
    for (const step of launch.steps) writeStep(w, step);
  });
}

/** Encodes the fields of a step `connect`, for a container that runs. */
export function encodeConnect(step: Omit<StepOf<'connect'>, 'step'>): Buffer {
  const w = new Writer();
  const [, fields] = steps.connect;
  w.fields(fields, step);
  return w.finish();
}

/** Encodes steps for a shim that starts nothing. */
export function encodeSteps(given: readonly Step[]): Buffer {
  return plan((w) => {
    w.record(kindSteps, {}, {});
    for (const step of given) writeStep(w, step);
  });
}

/** Encodes the plan of a shim that starts nothing and reports processes: those in a cgroup (empty: none), and these. */
export function encodeListing({
  folder,
  pids = [],
}: {
  readonly folder: string;
  readonly pids?: readonly number[];
}): Buffer {
  return plan((w) => w.record(kindProcesses, listing, { folder, pids }));
}

/** Like encodeListing, for a shim that looks up a user in the mount namespace of a process. */
export function encodeLookUp(
  process: { readonly pid: number; readonly startTime: string },
  step: StepOf<'look-up-user'>,
): Buffer {
  return plan((w) => {
    w.record(kindUser, { pid: u32, startTime: decimal }, process);
    writeStep(w, step);
  });
}
