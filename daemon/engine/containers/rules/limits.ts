import { LikerError } from '../../../../common/errors.ts';
import type { KnobPlace } from '../../../kernel/cgroup/knob-places.ts';
import type { DeviceNode } from '../../../kernel/devices/nodes.ts';
import type { EngineContext } from '../../context.ts';
import type { ProcessSpec } from '../../process/spec.ts';
import type { AppliedLimit, ContainerSpec, DeviceRule } from '../model/spec.ts';

/** Limits of a process and of no cgroup. */
export const processKnobs: readonly KnobPlace[] = [
  { knob: 'process.oom_score_adj', file: '/proc/PID/oom_score_adj' },
  { knob: 'process.rlimits', file: 'setrlimit' },
].map((limit) => ({ ...limit, controller: 'process', version: 0, problem: '' }));

/**
 * Throws unless every limit of the container can be had here; in best-effort mode it answers those that cannot.
 * Makes nothing. Errors: CGROUP_CONTROLLER_MISSING, LIMIT_REFUSED, BAD_ARGUMENT.
 */
export function checkLimits(
  context: EngineContext,
  spec: Pick<ContainerSpec, 'resources' | 'limits' | 'process' | 'cgroupParent'>,
): AppliedLimit[] {
  const { resources, limits, process, cgroupParent } = spec;
  const options = { allDevices: process.privileged, mode: limits, under: cgroupParent };
  const problems = context.cgroups.check(resources, options);
  const oom = oomScoreProblem(context, process);
  if (oom === null) return problems;
  if (limits === 'strict') throw oom;
  return [...problems, oomScoreLimit(process, oom)];
}

/** Without CAP_SYS_RESOURCE, likerd cannot set a value below its own (proc(5)). */
function oomScoreProblem(context: EngineContext, { oomScoreAdj }: ProcessSpec): LikerError | null {
  const least = context.proc.ownOomScoreAdj();
  if (oomScoreAdj === null || oomScoreAdj >= least) return null;
  if (context.security.capabilitiesOnHost.includes('CAP_SYS_RESOURCE')) return null;
  return new LikerError(
    'LIMIT_REFUSED',
    `Cannot set oom_score_adj to ${oomScoreAdj}: likerd cannot go below its own, ${least}, without CAP_SYS_RESOURCE; ` +
      `give at least ${least}, or run likerd with that capability`,
    {
      field: 'spec.process.oom_score_adj',
      metadata: {
        knob: 'process.oom_score_adj',
        requested: String(oomScoreAdj),
        path: '/proc/self/oom_score_adj',
      },
    },
  );
}

function oomScoreLimit({ oomScoreAdj }: ProcessSpec, error: LikerError | null): AppliedLimit {
  const limit = { knob: 'process.oom_score_adj', requested: String(oomScoreAdj) };
  if (error) return { ...limit, file: '', written: '', effective: '', problem: error.message };
  const { requested } = limit;
  return {
    ...limit,
    file: '/proc/self/oom_score_adj',
    written: requested,
    effective: requested,
    problem: '',
  };
}

/** What a process's oom_score_adj is set to; null: not at all. The daemon's own protection is not handed on. */
export function oomScoreFor(context: EngineContext, process: ProcessSpec): number | null {
  if (process.oomScoreAdj !== null && oomScoreProblem(context, process) === null) return process.oomScoreAdj;
  return context.proc.ownOomScoreAdj() < 0 ? 0 : null;
}

/** The limits in force as `inspect` shows them: those of the cgroup, and what is of the process itself. */
export function appliedLimits(
  context: EngineContext,
  spec: ContainerSpec,
  ofCgroup: readonly AppliedLimit[],
): AppliedLimit[] {
  const { process } = spec;
  if (process.oomScoreAdj === null) return [...ofCgroup];
  return [...ofCgroup, oomScoreLimit(process, oomScoreProblem(context, process))];
}

/** The limits after a change: those of the same knob and device are replaced. */
export function mergeApplied(
  now: readonly AppliedLimit[],
  change: readonly AppliedLimit[],
): readonly AppliedLimit[] {
  const key = ({ knob, requested, file }: AppliedLimit): string =>
    knob.startsWith('io.') && knob !== 'io.weight' ? `${knob} ${file} ${requested.split(' ')[0]}` : knob;
  const changed = new Set(change.map(key));
  return [...now.filter((limit) => !changed.has(key(limit))), ...change];
}

export interface ContainerDevices {
  readonly nodes: readonly DeviceNode[];
  readonly rules: readonly DeviceRule[];
}

/** The nodes of --device, and the rules that go with them, the user's own last. Rejects with BAD_ARGUMENT for what is no device. */
export async function givenDevices(
  context: EngineContext,
  { devices, deviceRules }: Pick<ContainerSpec, 'devices' | 'deviceRules'>,
): Promise<ContainerDevices> {
  const found = await Promise.all(
    devices.map(async ({ hostPath, containerPath, access }) => ({
      nodes: await context.devices.at(hostPath, containerPath),
      access,
    })),
  );
  const rules = found.flatMap(({ nodes, access }) =>
    nodes.map(({ type, major, minor }): DeviceRule => ({ allow: true, type, major, minor, access })),
  );
  return { nodes: found.flatMap(({ nodes }) => nodes), rules: [...rules, ...deviceRules] };
}

/** As givenDevices, with all nodes of the host for a privileged container. */
export async function containerDevices(
  context: EngineContext,
  spec: Pick<ContainerSpec, 'devices' | 'deviceRules' | 'process'>,
): Promise<ContainerDevices> {
  const { nodes, rules } = await givenDevices(context, spec);
  const all = spec.process.privileged ? await context.devices.below('/dev') : [];
  return { nodes: [...nodes, ...all], rules };
}

export function warningOf({ problem }: AppliedLimit): string {
  return `Limit not applied: ${problem}`;
}
