import type { EngineContext } from '../context.ts';
import { requestKey, resultOf } from '../journal/requests.ts';
import type { ContainerService } from './api.ts';
import { inTurn } from './life/turn.ts';
import type { Container } from './model/container.ts';
import { livePhase } from './model/phase.ts';
import { resultIsGone } from './model/removed.ts';
import { withDefaults } from './model/spec.ts';
import { checkHealthNow } from './verbs/check-health.ts';
import { createContainer, createWarnings } from './verbs/create.ts';
import { explainContainer, explainSpec } from './verbs/explain.ts';
import { killContainer } from './verbs/kill.ts';
import { listContainers } from './verbs/list.ts';
import { addMount } from './verbs/mount.ts';
import { pauseContainer, resumeContainer } from './verbs/pause.ts';
import { pruneContainers } from './verbs/prune.ts';
import { removeContainer } from './verbs/remove.ts';
import { renameContainer } from './verbs/rename.ts';
import { restartContainer } from './verbs/restart.ts';
import { startContainer } from './verbs/start.ts';
import { stopContainer } from './verbs/stop.ts';
import { topOf } from './verbs/top.ts';
import { removeMount } from './verbs/unmount.ts';
import { updateContainer } from './verbs/update.ts';
import { waitForContainer } from './verbs/wait.ts';
import { containerView } from './view.ts';

/** Finds the container that a call is about and hands it to the verb. */
export function containerService(context: EngineContext): ContainerService {
  const { journal, ledger, registry, folders } = context;
  const find = (reference: string) => registry.find(reference);
  const view = (container: Container) => containerView(context, container);
  const viewWithSize = async (container: Container, withSize: boolean) =>
    containerView(context, container, withSize ? await folders.sizes(container.id) : null);
  const viewAfter = async (reference: string, verb: typeof pauseContainer) => {
    const container = find(reference);
    await verb(context, container);
    return view(container);
  };
  return {
    async create(spec, options) {
      const request = requestKey(options.requestId, 'create', withDefaults(spec), options.replace);
      const container = await createContainer(context, spec, { ...options, request });
      return { container: view(container), warnings: createWarnings(context, container) };
    },

    get: async (reference, { withSize }) => viewWithSize(find(reference), withSize),

    async list({ withSize, ...options }) {
      const { page, next } = listContainers(context, options);
      return { containers: await Promise.all(page.map((item) => viewWithSize(item, withSize))), next };
    },

    async start(reference, { requestId }) {
      const { container, request, isRepeated } = await callOf(context, reference, requestId, 'start');
      if (container === null) return { container, pid: 0 };
      if (!isRepeated || !hasRun(container)) await startContainer(context, container, { request });
      return { container: view(container), pid: container.run?.main?.pid ?? 0 };
    },

    async stop(reference, options) {
      const { container, request } = await callOf(context, reference, options.requestId, 'stop', options);
      if (container === null) return null;
      await stopContainer(context, container, { ...options, request });
      return view(container);
    },

    async restart(reference, options) {
      const call = await callOf(context, reference, options.requestId, 'restart', options);
      const { container, request, isRepeated } = call;
      if (container === null) throw resultIsGone(request, reference);
      if (!isRepeated) await restartContainer(context, container, { ...options, request });
      else if (!hasRun(container)) await startContainer(context, container);
      return view(container);
    },

    async kill(reference, signal, { scope, requestId }) {
      const request = requestKey(requestId, 'kill', reference, signal, scope);
      // Does not wait for its turn: it must reach a container whose stop is waiting.
      const before = resultOf(journal, request);
      if (before !== null) return before;
      const container = find(reference);
      await killContainer(context, container, signal, { scope, request });
      return container.id;
    },

    pause: (reference) => viewAfter(reference, pauseContainer),

    resume: (reference) => viewAfter(reference, resumeContainer),

    async rename(reference, newName, { requestId }) {
      const call = await callOf(context, reference, requestId, 'rename', newName);
      const { container, request, isRepeated } = call;
      if (container === null) throw resultIsGone(request, reference);
      if (!isRepeated) await renameContainer(context, container, newName, request);
      return view(container);
    },

    async remove(reference, { force, volumes, requestId }) {
      // It is gone already.
      if (ledger.removed(reference)) return reference;
      const request = requestKey(requestId, 'remove', reference, force, volumes);
      const before = resultOf(journal, request);
      if (before !== null && !registry.byId(before)) return before;
      const container = find(before ?? reference);
      await removeContainer(context, container, { force, volumes, request });
      return container.id;
    },

    prune: (filters) => pruneContainers(context, filters),

    async wait(reference, condition, options) {
      const removed = ledger.removed(reference);
      if (removed && condition !== 'healthy') return removed.exit;
      return waitForContainer(find(reference), condition, options);
    },

    checkHealth: async (reference) => checkHealthNow(context, find(reference)),

    top: async (reference) => topOf(context, find(reference)),

    explain: async (reference) => explainContainer(context, find(reference)),

    explainSpec: async (spec, options) => explainSpec(context, spec, options),

    async addMount(reference, mount, { requestId }) {
      const call = await callOf(context, reference, requestId, 'mount', mount);
      const { container, request } = call;
      if (container === null) throw resultIsGone(request, reference);
      // If the first call failed, the mount is not there.
      const isDone = call.isRepeated && container.spec.mounts.some(({ target }) => target === mount.target);
      const warnings = isDone ? [] : await addMount(context, container, mount, request);
      return { container: view(container), warnings };
    },

    async removeMount(reference, { target, lazy, requestId }) {
      const call = await callOf(context, reference, requestId, 'unmount', target, lazy);
      const { container, request } = call;
      if (container === null) throw resultIsGone(request, reference);
      const isDone = call.isRepeated && !container.spec.mounts.some((mount) => mount.target === target);
      if (!isDone) await removeMount(context, container, { target, lazy }, request);
      return view(container);
    },

    async update(reference, change) {
      const container = find(reference);
      const applied = await inTurn(context, container, () => updateContainer(context, container, change));
      return { container: view(container), applied };
    },
  };
}

/**
 * The container of a call. A call that is repeated because its answer was lost means the container of the first call, whatever
 * its name is now, and resolves once the work of the first call is over. Null: the container has been removed since.
 */
async function callOf(
  context: EngineContext,
  reference: string,
  requestId: string,
  call: string,
  ...asked: unknown[]
) {
  const { journal, registry } = context;
  const request = requestKey(requestId, call, reference, ...asked);
  const id = resultOf(journal, request);
  const container = id === null ? registry.find(reference) : registry.byId(id);
  if (id !== null && container) await inTurn(context, container);
  return { container: container?.removed ? null : container, request, isRepeated: id !== null };
}

/** It runs, or has run and ended; its start neither failed nor is still to come. */
function hasRun({ phase, facts }: Container): boolean {
  if (facts.begun?.verb === 'start' || facts.begun?.verb === 'restart') return false;
  return livePhase(phase) !== null || ('exit' in phase && phase.exit.startedAt !== null);
}
