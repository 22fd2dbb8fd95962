import { cloneFlag, type Launch, type Step } from '../../../kernel/plan/steps.ts';
import type { ProcessSpec } from '../../process/spec.ts';
import type { ContainerSpec } from '../model/spec.ts';
import { type CgroupTarget, launchSettings, terminalStep } from './container.ts';
import { type Credentials, environment, oomScoreStep, processSteps } from './process.ts';

export interface ExecPlanInput {
  readonly container: ContainerSpec;
  readonly hostname: string;
  readonly process: ProcessSpec;
  readonly cgroup: CgroupTarget;
  readonly credentials: Credentials;
  /** oom_score_adj to set; null leaves it. */
  readonly oomScore: number | null;
  readonly attended: boolean;
}

/** Compiles an exec: all the namespaces of the container's first process, then a process of its own. */
export function execPlan(input: ExecPlanInput): Launch {
  const { container, process, cgroup, credentials } = input;
  return {
    settings: {
      ...launchSettings(process, cgroup, input.attended),
      joinMain: containerNamespaces(container),
    },
    steps: [
      ...cgroup.joinFiles.map((file): Step => ({ step: 'join-cgroup', file })),
      ...oomScoreStep(input.oomScore),
      ...terminalStep(process, credentials, false),
      ...processSteps(process, credentials, {
        env: environment(process, { user: credentials.user, hostname: input.hostname }),
        makeCwd: false,
        init: false,
      }),
    ],
  };
}

/** Clone flags of the namespaces in which the first process differs from the shim. */
function containerNamespaces(spec: ContainerSpec): number {
  const { pid, ipc, uts, cgroup, network } = spec.namespaces;
  let flags: number = cloneFlag.mount;
  if (pid.kind !== 'host') flags |= cloneFlag.pid;
  if (ipc.kind !== 'host') flags |= cloneFlag.ipc;
  if (uts.kind !== 'host') flags |= cloneFlag.uts;
  if (cgroup.kind !== 'host') flags |= cloneFlag.cgroup;
  if (network.kind !== 'host') flags |= cloneFlag.network;
  return flags;
}
