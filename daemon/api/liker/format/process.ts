import type { ExitStatusInput } from '../../../../proto/gen/types/liker/v1/ExitStatus.ts';
import type { LandlockInput } from '../../../../proto/gen/types/liker/v1/Landlock.ts';
import type { ProcessInfoInput } from '../../../../proto/gen/types/liker/v1/ProcessInfo.ts';
import type { ProcessSpecInput } from '../../../../proto/gen/types/liker/v1/ProcessSpec.ts';
import type { TopProcessInput } from '../../../../proto/gen/types/liker/v1/TopProcess.ts';
import type { TopProcess } from '../../../engine/containers/api.ts';
import type { ProcessView } from '../../../engine/containers/session-api.ts';
import type { ExitStatus } from '../../../engine/process/exit-status.ts';
import type { ExecProcess, Landlock, ProcessSpec } from '../../../engine/process/spec.ts';
import { unlimited } from '../parse/process.ts';
import { timestampOfMs } from './time.ts';
import { withoutNulls } from './without-nulls.ts';

export function formatProcessSpec(spec: ProcessSpec | ExecProcess): ProcessSpecInput {
  return {
    ...withoutNulls(spec),
    rlimits: spec.rlimits.map(({ name, soft, hard }) => ({ name, soft: limit(soft), hard: limit(hard) })),
    landlock: spec.landlock && formatLandlock(spec.landlock),
  };
}

function formatLandlock({ paths, connect, bind, bestEffort }: Landlock): LandlockInput {
  return {
    paths: [...paths],
    connect: connect && { ports: [...connect] },
    bind: bind && { ports: [...bind] },
    bestEffort,
  };
}

/** No limit as -1, which a uint64 carries as 2^64 - 1: protobufjs reads the text of that as 2^64, and writes 0. */
function limit(value: string): string {
  return value === unlimited ? '-1' : value;
}

export function formatProcess(process: ProcessView): ProcessInfoInput {
  return {
    ...process,
    spec: formatProcessSpec(process.spec),
    exit: process.exit && formatExit(process.exit),
  };
}

export function formatExit(exit: ExitStatus): ExitStatusInput {
  return {
    ...exit,
    startedAt: exit.startedAt === null ? null : timestampOfMs(exit.startedAt),
    exitedAt: timestampOfMs(exit.exitedAt),
  };
}

export function formatTopProcess(process: TopProcess): TopProcessInput {
  return { ...process, args: [...process.args], startedAt: timestampOfMs(process.startedAt) };
}
