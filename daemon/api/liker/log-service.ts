import type { LogServiceHandlers } from '../../../proto/gen/types/liker/v1/LogService.ts';
import type { LogService } from '../../engine/logs/api.ts';
import type { ApiContext } from '../grpc/context.ts';
import { serverStream } from '../grpc/server-stream.ts';
import { formatLogBatch } from './format/logs.ts';
import { parseLogCursor, parseTarget } from './parse/requests.ts';
import { inRange } from './parse/text.ts';
import { parseTimeNs } from './parse/time.ts';

export function logService(context: ApiContext, logs: LogService): LogServiceHandlers {
  return {
    ReadLogs: serverStream(context, async function* (request, signal) {
      const options = {
        after: parseLogCursor(request.cursor),
        follow: request.follow,
        tail: request.tail === undefined ? null : inRange(request.tail, 'tail'),
        sinceNs: parseTimeNs(request.since, 'since'),
        untilNs: parseTimeNs(request.until, 'until'),
      };
      for await (const entries of logs.read(parseTarget(request), options, signal))
        yield* formatLogBatch(entries);
    }),
  };
}
