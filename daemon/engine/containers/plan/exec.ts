import type { Launch, Step } from '../../../kernel/plan/steps.ts';
import type { ProcessSpec } from '../../process/spec.ts';
import type { ContainerSpec } from '../model/spec.ts';
import { type CgroupTarget, launchSettings, terminalStep } from './container.ts';
import { namespaceFlags } from './mounts.ts';
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
      // The namespaces in which the first process differs from the shim.
      joinMain: namespaceFlags(container.namespaces, ({ kind }) => kind !== 'host'),
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
