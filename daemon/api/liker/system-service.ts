import { readFileSync } from 'node:fs';
import { arch, availableParallelism, hostname, release, totalmem, type } from 'node:os';
import type { SystemServiceHandlers } from '../../../proto/gen/types/liker/v1/SystemService.ts';
import type { SystemService } from '../../engine/system/api.ts';
import type { LoopDelay } from '../../loop/loop-delay.ts';
import type { ApiContext } from '../grpc/context.ts';
import { unaryHandlers } from '../grpc/unary.ts';
import { withoutNulls } from './format/without-nulls.ts';

/** Versions that the edge cannot know of itself. */
export interface Versions {
  /** Of likerd. */
  readonly daemon: string;
  readonly shimProtocol: number;
}

export function systemService(
  context: ApiContext,
  system: SystemService,
  { versions, loop }: { readonly versions: Versions; readonly loop: Pick<LoopDelay, 'now'> },
): SystemServiceHandlers {
  const { reads, changes } = unaryHandlers(context);
  return {
    GetVersion: reads(async () => ({
      version: versions.daemon,
      apiMin: 'v1',
      apiMax: 'v1',
      nodeVersion: process.version,
      shimProtocol: versions.shimProtocol,
      kernel: release(),
      architecture: arch(),
      os: type().toLowerCase(),
    })),
    GetInfo: reads(async () => {
      const delays = loop.now();
      return {
        ...withoutNulls(system.info()),
        kernel: release(),
        operatingSystem: operatingSystem(),
        hostname: hostname(),
        cpus: availableParallelism(),
        memoryBytes: totalmem(),
        version: versions.daemon,
        pid: process.pid,
        rssBytes: process.memoryUsage.rss(),
        heapBytes: process.memoryUsage().heapUsed,
        eventLoopMaxMs: delays.maxMs,
        eventLoopP99Ms: delays.p99Ms,
        eventLoopRecentMaxMs: delays.recentMaxMs,
        eventLoopRecentP99Ms: delays.recentP99Ms,
        eventLoopBusyMaxMs: delays.busyMaxMs,
      };
    }),
    GetDiskUsage: reads(async () => ({ usages: [...(await system.diskUsage())] })),
    CheckStore: changes(async ({ repair }) => ({ findings: [...(await system.check({ repair }))] })),
  };
}

/** PRETTY_NAME of os-release(5). */
function operatingSystem(): string {
  for (const file of ['/etc/os-release', '/usr/lib/os-release']) {
    try {
      const name = /^PRETTY_NAME=(["']?)(.*)\1$/m.exec(readFileSync(file, 'utf8'))?.[2];
      if (name) return name;
    } catch {
      // The next one, or none.
    }
  }
  return type();
}
