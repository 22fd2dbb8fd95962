import type { ContainerServiceHandlers } from '../../../proto/gen/types/liker/v1/ContainerService.ts';
import type { ContainerService, ContainerView } from '../../engine/containers/api.ts';
import type { ApiContext } from '../grpc/context.ts';
import { unary } from '../grpc/unary.ts';
import { formatContainer } from './format/container.ts';
import { formatExit } from './format/exit.ts';
import { formatHealth, formatProbe } from './format/health.ts';
import { listPage } from './format/list-page.ts';
import { formatTopProcess } from './format/process.ts';
import { parseRestart, parseSpec } from './parse/container-spec.ts';
import {
  parseFilters,
  parseKillScope,
  parseKillSignal,
  parseList,
  parseListView,
  parseNewName,
  parseStop,
  parseTarget,
  parseWaitCondition,
} from './parse/requests.ts';
import { parseResources } from './parse/resources.ts';
import { parseTimeMs } from './parse/time.ts';
import { subjectOf } from './subject.ts';

export function containerService(
  context: ApiContext,
  containers: ContainerService,
): ContainerServiceHandlers {
  return {
    CreateContainer: unary(context, {
      method: 'CreateContainer',
      mutates: true,
      subject: (request, response) =>
        response?.container?.id ? { kind: 'container', name: response.container.id } : subjectOf(request),
      handle: async ({ spec, requestId, replace }) => {
        const created = await containers.create(parseSpec(spec, 'spec'), { requestId, replace });
        return { container: formatContainer(created.container), warnings: [...created.warnings] };
      },
    }),
    GetContainer: unary(context, {
      method: 'GetContainer',
      mutates: false,
      handle: async (request) =>
        view(await containers.get(parseTarget(request), { withSize: request.withSize })),
    }),
    ListContainers: unary(context, {
      method: 'ListContainers',
      mutates: false,
      handle: async (request) => {
        const view = parseListView(request.view);
        return listPage(await containers.list(parseList(request)), view);
      },
    }),
    StartContainer: unary(context, {
      method: 'StartContainer',
      mutates: true,
      handle: async (request) => {
        const { container, pid } = await containers.start(parseTarget(request), {
          requestId: request.requestId,
        });
        return { container: container && formatContainer(container), pid };
      },
    }),
    StopContainer: unary(context, {
      method: 'StopContainer',
      mutates: true,
      handle: async (request) => {
        const container = await containers.stop(parseTarget(request), parseStop(request));
        return { container: container && formatContainer(container) };
      },
    }),
    RestartContainer: unary(context, {
      method: 'RestartContainer',
      mutates: true,
      handle: async (request) => view(await containers.restart(parseTarget(request), parseStop(request))),
    }),
    KillContainer: unary(context, {
      method: 'KillContainer',
      mutates: true,
      handle: async (request) => ({
        containerId: await containers.kill(parseTarget(request), parseKillSignal(request.signal), {
          scope: parseKillScope(request.scope),
          requestId: request.requestId,
        }),
      }),
    }),
    PauseContainer: unary(context, {
      method: 'PauseContainer',
      mutates: true,
      handle: async (request) => view(await containers.pause(parseTarget(request))),
    }),
    ResumeContainer: unary(context, {
      method: 'ResumeContainer',
      mutates: true,
      handle: async (request) => view(await containers.resume(parseTarget(request))),
    }),
    RenameContainer: unary(context, {
      method: 'RenameContainer',
      mutates: true,
      handle: async (request) =>
        view(
          await containers.rename(parseTarget(request), parseNewName(request.newName), {
            requestId: request.requestId,
          }),
        ),
    }),
    RemoveContainer: unary(context, {
      method: 'RemoveContainer',
      mutates: true,
      handle: async (request) => ({
        containerId: await containers.remove(parseTarget(request), {
          force: request.force,
          requestId: request.requestId,
        }),
      }),
    }),
    PruneContainers: unary(context, {
      method: 'PruneContainers',
      mutates: true,
      handle: async (request) => {
        const { ids, reclaimedBytes } = await containers.prune(parseFilters(request.filters));
        return { containerIds: [...ids], reclaimedBytes };
      },
    }),
    WaitContainer: unary(context, {
      method: 'WaitContainer',
      mutates: false,
      handle: async (request, signal) => {
        const knownExit = parseTimeMs(request.knownExit, 'known_exit');
        const condition = parseWaitCondition(request.condition);
        const exit = await containers.wait(parseTarget(request), condition, { knownExit, signal });
        return { exit: exit && formatExit(exit) };
      },
    }),
    RunHealthCheck: unary(context, {
      method: 'RunHealthCheck',
      mutates: true,
      handle: async (request) => {
        const { probe, health } = await containers.checkHealth(parseTarget(request));
        return { probe: formatProbe(probe), health: formatHealth(health) };
      },
    }),
    GetTop: unary(context, {
      method: 'GetTop',
      mutates: false,
      handle: async (request) => {
        const { processes, total } = await containers.top(parseTarget(request));
        return { processes: processes.map(formatTopProcess), total };
      },
    }),
    UpdateContainer: unary(context, {
      method: 'UpdateContainer',
      mutates: true,
      handle: async (request) => {
        const { container, applied } = await containers.update(parseTarget(request), {
          limits: parseResources(request.resources, 'resources'),
          restart: request.restart && parseRestart(request.restart, 'restart'),
        });
        return { container: formatContainer(container), appliedLimits: [...applied] };
      },
    }),
    ExplainContainer: unary(context, {
      method: 'ExplainContainer',
      mutates: false,
      handle: async (request) => ({ steps: [...(await containers.explain(parseTarget(request)))] }),
    }),
  };
}

function view(container: ContainerView): { container: ReturnType<typeof formatContainer> } {
  return { container: formatContainer(container) };
}
