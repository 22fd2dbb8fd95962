import { shortestPath } from '../../../common/checks.ts';
import { badArgument } from '../../../common/errors.ts';
import type { ContainerServiceHandlers } from '../../../proto/gen/types/liker/v1/ContainerService.ts';
import type { ContainerService, ContainerView } from '../../engine/containers/api.ts';
import type { ApiContext } from '../grpc/context.ts';
import { unaryHandlers } from '../grpc/unary.ts';
import { formatContainer, formatHealth, formatProbe } from './format/container.ts';
import { formatExplanation } from './format/explanation.ts';
import { listPage } from './format/list-page.ts';
import { formatExit, formatTopProcess } from './format/process.ts';
import { parseRestart, parseSpec } from './parse/container-spec.ts';
import { parseEgress } from './parse/egress.ts';
import { parseMount } from './parse/mounts.ts';
import { parseFilters, parseKillSignal, parseList, parseStop, parseTarget } from './parse/requests.ts';
import { parseResources } from './parse/resources.ts';
import { required } from './parse/text.ts';
import { parseTimeMs } from './parse/time.ts';
import { killScopes, listViews, waitConditions, wordFor } from './words.ts';

export function containerService(
  context: ApiContext,
  containers: ContainerService,
): ContainerServiceHandlers {
  const { reads, changes } = unaryHandlers(context);
  return {
    CreateContainer: changes(async ({ spec, requestId, replace }, _signal, peer) => {
      const created = await containers.create(parseSpec(spec, 'spec', peer), { requestId, replace });
      return { container: formatContainer(created.container), warnings: [...created.warnings] };
    }),
    GetContainer: reads(async (request) =>
      view(await containers.get(parseTarget(request), { withSize: request.withSize })),
    ),
    ListContainers: reads(async (request) => {
      const view = wordFor(listViews, request.view, 'view') ?? 'full';
      return listPage(await containers.list(parseList(request)), view);
    }),
    StartContainer: changes(async (request) => {
      const { requestId } = request;
      const { container, pid } = await containers.start(parseTarget(request), { requestId });
      return { container: container && formatContainer(container), pid };
    }),
    StopContainer: changes(async (request) => {
      const container = await containers.stop(parseTarget(request), parseStop(request));
      return { container: container && formatContainer(container) };
    }),
    RestartContainer: changes(async (request) =>
      view(await containers.restart(parseTarget(request), parseStop(request))),
    ),
    KillContainer: changes(async (request) => ({
      containerId: await containers.kill(parseTarget(request), parseKillSignal(request.signal), {
        scope: wordFor(killScopes, request.scope, 'scope') ?? 'main',
        requestId: request.requestId,
      }),
    })),
    PauseContainer: changes(async (request) => view(await containers.pause(parseTarget(request)))),
    ResumeContainer: changes(async (request) => view(await containers.resume(parseTarget(request)))),
    RenameContainer: changes(async (request) => {
      const { newName, requestId } = request;
      return view(
        await containers.rename(parseTarget(request), required(newName, 'new_name'), { requestId }),
      );
    }),
    RemoveContainer: changes(async (request) => {
      const { force, volumes, requestId } = request;
      return { containerId: await containers.remove(parseTarget(request), { force, volumes, requestId }) };
    }),
    PruneContainers: changes(async (request) => {
      const { ids, reclaimedBytes } = await containers.prune(parseFilters(request.filters));
      return { containerIds: [...ids], reclaimedBytes };
    }),
    WaitContainer: reads(async (request, signal) => {
      const knownExit = parseTimeMs(request.knownExit, 'known_exit');
      const condition = wordFor(waitConditions, request.condition, 'condition') ?? 'not-running';
      const exit = await containers.wait(parseTarget(request), condition, { knownExit, signal });
      return { exit: exit && formatExit(exit) };
    }),
    RunHealthCheck: changes(async (request) => {
      const { probe, health } = await containers.checkHealth(parseTarget(request));
      return { probe: formatProbe(probe), health: formatHealth(health) };
    }),
    GetTop: reads(async (request) => {
      const { processes, total } = await containers.top(parseTarget(request));
      return { processes: processes.map(formatTopProcess), total };
    }),
    UpdateContainer: changes(async (request) => {
      const { container, applied } = await containers.update(parseTarget(request), {
        limits: parseResources(request.resources, 'resources'),
        restart: request.restart && parseRestart(request.restart, 'restart'),
        egress: parseEgress(request.egress, 'egress'),
      });
      return { container: formatContainer(container), appliedLimits: [...applied] };
    }),
    AddMount: changes(async (request) => {
      const { mount, requestId } = request;
      if (mount === null) throw badArgument('mount', 'Invalid mount: it is required');
      const target = parseTarget(request);
      const added = await containers.addMount(target, parseMount(mount, 'mount'), { requestId });
      return { container: formatContainer(added.container), warnings: [...added.warnings] };
    }),
    RemoveMount: changes(async (request) => {
      const { target, lazy, requestId } = request;
      const path = shortestPath(required(target, 'target'));
      return view(await containers.removeMount(parseTarget(request), { target: path, lazy, requestId }));
    }),
    ExplainContainer: reads(async ({ container, spec, replace }, _signal, peer) => {
      if (spec === null) return formatExplanation(await containers.explain(parseTarget({ container })));
      if (container !== '')
        throw badArgument('container', 'Cannot explain both a container and a spec: give one');
      return formatExplanation(await containers.explainSpec(parseSpec(spec, 'spec', peer), { replace }));
    }),
  };
}

function view(container: ContainerView): { container: ReturnType<typeof formatContainer> } {
  return { container: formatContainer(container) };
}
