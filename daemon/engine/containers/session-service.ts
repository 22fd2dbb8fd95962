import { LikerError } from '../../../common/errors.ts';
import { shortId } from '../../../common/ids.ts';
import type { EngineContext } from '../context.ts';
import { requestKey, resultOf } from '../journal/requests.ts';
import { runExecSync } from '../sessions/exec-sync.ts';
import type { ContainerProcess } from '../sessions/process.ts';
import { killProcess } from './life/kill-process.ts';
import type { Container } from './model/container.ts';
import { withDefaults } from './model/spec.ts';
import type { ProcessView, SessionService } from './session-api.ts';
import { attachTo, execAgain, runAgain } from './verbs/attach.ts';
import { createContainer } from './verbs/create.ts';
import { execInContainer } from './verbs/exec.ts';
import { execAttended } from './verbs/run.ts';

/** Finds the container that a call is about and opens the session. */
export function sessionService(context: EngineContext): SessionService {
  const { journal, registry } = context;
  const find = (reference: string) => registry.find(reference);
  return {
    async run(spec, options, sink) {
      const request = requestKey(options.requestId, 'run', withDefaults(spec), options.replace);
      const repeated = resultOf(journal, request);
      if (repeated !== null) return runAgain(context, request, repeated, sink);
      const container = await createContainer(context, spec, { ...options, request, attended: true });
      // Another call with the same request_id may have created it in the meantime.
      return runAgain(context, request, container.id, sink);
    },

    async exec(reference, process, { onDisconnect, requestId }, sink) {
      const request = requestKey(requestId, 'exec', reference, process, onDisconnect);
      const repeated = resultOf(journal, request);
      const container = find(reference);
      if (repeated !== null) return execAgain(container, repeated, sink);
      return execAttended(context, container, process, { onDisconnect, sink, request });
    },

    async attach(reference, options, sink) {
      const request = options.start ? requestKey(options.requestId, 'attach', reference) : null;
      const repeated = resultOf(journal, request);
      if (repeated !== null) return runAgain(context, request, repeated, sink);
      return attachTo(context, reference, { ...options, request }, sink);
    },

    async startExec(reference, process, { requestId }) {
      const container = find(reference);
      const request = requestKey(requestId, 'start-exec', container.id, process);
      const repeated = resultOf(journal, request);
      if (repeated !== null) return processView(container, findRepeated(container, repeated));
      const started = await execInContainer(context, container, process, { onDisconnect: 'keep', request });
      return processView(container, started);
    },

    async execSync(reference, process, stdin, signal) {
      const container = find(reference);
      const asked = { ...process, openStdin: process.openStdin || stdin.length > 0 };
      return runExecSync(
        (sink, onSession) =>
          execInContainer(context, container, asked, { onDisconnect: 'kill', sink, onSession }),
        (started) => killProcess(context, container, started.identity.number),
        stdin,
        signal,
      );
    },

    async processes(reference) {
      const container = find(reference);
      return (container.run?.processes ?? []).map((process) => processView(container, process));
    },
  };
}

/** The process that an earlier call with the same request_id has started. */
function findRepeated(container: Container, id: string): ContainerProcess {
  const known = container.run?.execs.get(id);
  if (known) return known;
  throw new LikerError(
    'PROCESS_NOT_FOUND',
    `Cannot answer the repeated request: the process ${shortId(id)} that it started in container '${container.name}' has ended and is no longer known; give another request_id to start a new one`,
    { metadata: { container: container.name, process: id } },
  );
}

function processView(container: Container, process: ContainerProcess): ProcessView {
  return {
    containerId: container.id,
    processId: process.identity.processId,
    pid: process.host?.pid ?? 0,
    spec: process.identity.spec,
    exit: process.exit,
    attachedClients: process.clients.count,
  };
}
