import type { EventServiceHandlers } from '../../../proto/gen/types/liker/v1/EventService.ts';
import type { EventService } from '../../engine/journal/events.ts';
import type { ApiContext } from '../grpc/context.ts';
import { serverStream } from '../grpc/server-stream.ts';
import { unaryHandlers } from '../grpc/unary.ts';
import { timestampOfMs } from './format/time.ts';
import { parseFilters } from './parse/requests.ts';
import { inRange } from './parse/text.ts';
import { parseTimeMs } from './parse/time.ts';

const noContainer = { id: '', name: '' };

export function eventService(context: ApiContext, events: EventService): EventServiceHandlers {
  const { reads } = unaryHandlers(context);
  return {
    Subscribe: serverStream(context, async function* (request, signal) {
      const { sinceSeq } = request;
      const options = {
        sinceSeq: sinceSeq === undefined ? null : inRange(sinceSeq, 'since_seq'),
        storeId: request.storeId,
        sinceMs: parseTimeMs(request.since, 'since'),
        untilMs: parseTimeMs(request.until, 'until'),
        follow: request.follow,
        filters: parseFilters(request.filters),
      };
      const { storeId } = events.range();
      for await (const event of events.subscribe(options, signal)) {
        const { seq, subject, action } = event;
        const { id: containerId, name: containerName } = subject.type === 'container' ? subject : noContainer;
        const [time, attributes] = [timestampOfMs(event.time), { ...event.attributes }];
        const { type: subjectType, id: subjectId, name: subjectName } = subject;
        yield {
          event: {
            ...{ seq, time, containerId, containerName, action, attributes, storeId },
            ...{ subjectType, subjectId, subjectName },
          },
        };
      }
    }),
    GetLastSeq: reads(async () => {
      const { last, oldest, storeId } = events.range();
      return { lastSeq: last, oldestSeq: oldest, storeId };
    }),
  };
}
