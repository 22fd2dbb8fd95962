import { badArgument } from '../../../common/errors.ts';
import type { SessionServiceHandlers } from '../../../proto/gen/types/liker/v1/SessionService.ts';
import type { SessionService } from '../../engine/containers/session-api.ts';
import type { ApiContext } from '../grpc/context.ts';
import { unaryHandlers } from '../grpc/unary.ts';
import { formatProcess } from './format/process.ts';
import { formatExecSync } from './format/session.ts';
import { parseSpec } from './parse/container-spec.ts';
import { parseExecProcess } from './parse/process.ts';
import { parseTarget } from './parse/requests.ts';
import { checkStdin, parseAttach } from './parse/session.ts';
import { sessionHandler } from './session-call.ts';
import { disconnectPolicies, wordFor } from './words.ts';

export function sessionService(
  context: ApiContext,
  sessions: SessionService,
  options: { readonly firstFrameMs?: number } = {},
): SessionServiceHandlers {
  const { reads, changes } = unaryHandlers(context);
  return {
    Run: sessionHandler(
      context,
      async ({ spec, requestId, replace }, sink, peer) =>
        sessions.run(parseSpec(spec, 'spec', peer), { requestId, replace }, sink),
      options,
    ),
    Exec: sessionHandler(
      context,
      async (start, sink) =>
        sessions.exec(
          parseTarget(start, 'start.'),
          parseExecProcess(start.process, 'start.process'),
          {
            onDisconnect: wordFor(disconnectPolicies, start.onDisconnect, 'start.on_disconnect') ?? 'hangup',
            requestId: start.requestId,
          },
          sink,
        ),
      options,
    ),
    Attach: sessionHandler(
      context,
      async (start, sink) =>
        sessions.attach(
          parseTarget(start, 'start.'),
          { ...parseAttach(start), requestId: start.requestId },
          sink,
        ),
      options,
    ),
    StartExec: changes(async (request) => {
      const process = parseExecProcess(request.process, 'process');
      const { requestId } = request;
      return {
        process: formatProcess(await sessions.startExec(parseTarget(request), process, { requestId })),
      };
    }),
    ExecSync: changes(async (request, signal) => {
      const process = parseExecProcess(request.process, 'process');
      if (process.tty) throw badArgument('process.tty', 'Cannot use a terminal with ExecSync: use Exec');
      const stdin = checkStdin(request.stdin, 'stdin');
      return formatExecSync(await sessions.execSync(parseTarget(request), process, stdin, signal));
    }),
    ListProcesses: reads(async (request) => ({
      processes: (await sessions.processes(parseTarget(request))).map(formatProcess),
    })),
  };
}
