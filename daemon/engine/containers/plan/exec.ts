import { cloneFlag, type Launch, type Step } from '../../../kernel/plan/steps.ts';
import type { ProcessSpec } from '../../process/spec.ts';
import type { ContainerSpec } from '../model/spec.ts';
import { type ContainerPlanInput, launchSettings, terminalStep } from './container.ts';
import { innerRoot } from './id-maps.ts';
import { namespaceFlags } from './mounts.ts';
import { environment, hostProcStep, oomScoreStep, processSteps } from './process.ts';
import { raisedLimits } from './user-namespace.ts';

export interface ExecPlanInput
  extends Pick<
    ContainerPlanInput,
    'hostname' | 'cgroup' | 'credentials' | 'oomScore' | 'attended' | 'userNamespace'
  > {
  readonly container: ContainerSpec;
  readonly process: ProcessSpec;
}

/** Compiles an exec: all the namespaces of the container's first process, then a process of its own. */
export function execPlan(input: ExecPlanInput): Launch {
  const { container, process, cgroup, credentials, userNamespace } = input;
  const own = processSteps(process, credentials, {
    env: environment(process, { user: credentials.user, hostname: input.hostname }),
    makeCwd: false,
    init: false,
  });
  return {
    settings: {
      ...launchSettings(process, cgroup, input.attended),
      // The namespaces in which the first process differs from the shim.
      joinMain:
        namespaceFlags(container.namespaces, ({ kind }) => kind !== 'host') |
        (userNamespace === null ? 0 : cloneFlag.user),
    },
    steps: [
      ...cgroup.joinFiles.map((file): Step => ({ step: 'join-cgroup', file })),
      ...oomScoreStep(input.oomScore),
      ...hostProcStep(credentials),
      ...(userNamespace === null
        ? []
        : [...raisedLimits(own), { step: 'stream-owner', ...innerRoot(userNamespace.maps) } as const]),
      ...terminalStep(process, credentials, userNamespace, false),
      ...own,
    ],
  };
}
