import { asError } from '../../../common/errors.ts';
import { recoveryWarnings } from '../containers/adopt/recover.ts';
import { type State, states } from '../containers/model/phase.ts';
import type { Registry } from '../containers/model/registry.ts';
import { processKnobs } from '../containers/rules/limits.ts';
import { networkKnobs } from '../containers/rules/network-rate.ts';
import { usualAddresses } from '../containers/rules/ports.ts';
import { takenIds } from '../containers/rules/user-namespace.ts';
import { machineProblem } from '../containers/rules/user-namespace-problem.ts';
import type { EngineContext } from '../context.ts';
import { networkProblem } from '../networks/host/problem.ts';
import { pools } from '../networks/model/pools.ts';
import type { Census, EngineInfo, NetworksInfo, SystemService, UserNamespacesInfo } from './api.ts';
import { checkStore } from './check.ts';
import { measureDisk } from './disk-usage.ts';
import { rootlessInfo } from './rootless.ts';

export function systemService(context: EngineContext): SystemService {
  return {
    info: () => infoOf(context),
    census: () => takeCensus(context.registry),
    diskUsage: () => measureDisk(context),
    check: (options) => checkStore(context, options),
  };
}

function infoOf(context: EngineContext): EngineInfo {
  const { registry, paths, cgroups, security, journal } = context;
  const userNamespaces = userNamespacesOf(context);
  const { created, running, paused, orphaned, exited, restarting } = takeCensus(registry).containers;
  return {
    root: paths.root,
    run: paths.run,
    containers: registry.all().length,
    running: running + orphaned + restarting,
    paused,
    stopped: created + exited,
    cgroupLayout: cgroups.layout,
    cgroupControllers: cgroups.controllers(),
    knobs: [...cgroups.knobs(), ...networkKnobs(context), ...processKnobs],
    capabilities: security.capabilities,
    seccomp: security.seccomp,
    ...security.modules,
    userNamespaces,
    networks: networksOf(context),
    rootless: rootlessInfo(context),
    warnings: [
      ...context.users.warnings,
      ...(userNamespaces.byDefault === 'auto' && userNamespaces.problem !== ''
        ? [`Containers have the host's user namespace by default: ${userNamespaces.problem}`]
        : []),
      ...(security.seccomp ? [] : ['libseccomp.so.2 cannot be loaded: containers have no seccomp filter']),
      ...(journal.backlog.problem === null ? [] : [journal.backlog.problem]),
      ...recoveryWarnings(context),
    ],
  };
}

function userNamespacesOf(context: EngineContext): UserNamespacesInfo {
  const { byDefault, pool } = context.users;
  return {
    byDefault,
    problem: machineProblemNow(context),
    source: pool.source,
    ids: pool.spans,
    ranges: pool.size,
    freeRanges: pool.free(takenIds(context)),
  };
}

function networksOf(context: EngineContext): NetworksInfo {
  const { byDefault } = context.network;
  return { byDefault, problem: networkProblem(context), pools, publishAddresses: usualAddresses(context) };
}

/** The kernel may fail to answer, too. */
function machineProblemNow(context: EngineContext): string {
  try {
    return machineProblem(context);
  } catch (error) {
    return asError(error).message;
  }
}

function takeCensus(registry: Registry): Census {
  const containers = Object.fromEntries(states.map((state) => [state, 0])) as Record<State, number>;
  let sessions = 0;
  for (const { phase, run } of registry.all()) {
    containers[phase.state] += 1;
    for (const process of run?.processes ?? []) sessions += process.clients.count;
  }
  return { containers, sessions };
}
