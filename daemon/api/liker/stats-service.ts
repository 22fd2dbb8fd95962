import { badArgument } from '../../../common/errors.ts';
import type { Duration } from '../../../proto/gen/types/google/protobuf/Duration.ts';
import type { StatsServiceHandlers } from '../../../proto/gen/types/liker/v1/StatsService.ts';
import type { StatsOptions, StatsService } from '../../engine/stats/model.ts';
import type { ApiContext } from '../grpc/context.ts';
import { serverStream } from '../grpc/server-stream.ts';
import { unaryHandlers } from '../grpc/unary.ts';
import { statsResponse } from './format/stats.ts';
import { required } from './parse/text.ts';

const leastIntervalMs = 100;
const usualIntervalMs = 1000;
const greatestIntervalMs = 24 * 60 * 60 * 1000;

export function statsService(context: ApiContext, stats: StatsService): StatsServiceHandlers {
  const { reads } = unaryHandlers(context);
  return {
    GetStats: reads(async (request, signal) => {
      const intervalMs = parseInterval(request.interval);
      const options = { ...parseOptions(request), intervalMs, watched: false };
      return statsResponse(await stats.read(options, signal));
    }),
    StreamStats: serverStream(context, async function* (request, signal) {
      const intervalMs = parseInterval(request.interval) ?? usualIntervalMs;
      for await (const snapshot of stats.watch({ ...parseOptions(request), intervalMs }, signal))
        yield await statsResponse(snapshot);
    }),
  };
}

function parseOptions({ containers, all }: { containers: string[]; all: boolean }): StatsOptions {
  return { containers: containers.map((name, index) => required(name, `containers[${index}]`)), all };
}

/** Milliseconds; null when it is not set. */
function parseInterval(interval: Duration | null): number | null {
  if (interval === null) return null;
  const ms = interval.seconds * 1000 + interval.nanos / 1e6;
  if (ms >= leastIntervalMs && ms <= greatestIntervalMs) return ms;
  throw badArgument(
    'interval',
    `Invalid interval of ${ms} ms: give at least ${leastIntervalMs} ms and at most a day`,
  );
}
