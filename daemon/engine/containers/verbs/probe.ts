import { setTimeout as sleep } from 'node:timers/promises';
import { asError } from '../../../../common/errors.ts';
import type { EngineContext } from '../../context.ts';
import type { ExitStatus } from '../../process/exit-status.ts';
import type { SessionSink } from '../../sessions/frames.ts';
import { killProcess } from '../life/kill-process.ts';
import type { Container } from '../model/container.ts';
import type { HealthProbe } from '../model/health.ts';
import type { HealthCheck } from '../model/spec.ts';
import { startProbe } from './exec.ts';

/** Output of a probe that is kept. */
const maxOutputBytes = 4096;
/** How long a killed probe may take to end before it is left to itself: it may hang in the kernel. */
const killedMs = 1000;
/** How long after a probe that ended with its container the end of the container may be reported. */
const endMs = 1000;
const SIGKILL = 9;

/** Runs one probe. Null when the container was paused or has ended meanwhile, or `signal` was aborted. */
export async function runProbe(
  context: EngineContext,
  container: Container,
  check: HealthCheck,
  signal: AbortSignal,
): Promise<HealthProbe | null> {
  await container.run?.reconnecting;
  const startedAt = Date.now();
  const result = (exitCode: number, output: string) => ({ startedAt, endedAt: Date.now(), exitCode, output });
  if (container.run?.probes.size) return result(-1, 'The probe before was killed and has not ended yet');
  const { sink, exit, text } = gather();
  let made = 0;
  const started = startProbe(context, container, { args: probeArgs(check), sink }, (process) => {
    made = process.identity.number;
  });
  const over = new AbortController();
  try {
    const outcome = await Promise.race([
      started.then(() => exit),
      timeoutOrInterruption(container, check.timeoutMs, AbortSignal.any([signal, over.signal])),
    ]);
    if (typeof outcome === 'string') {
      if (made > 0) killProcess(context, container, made);
      await Promise.race([exit, started.catch(() => {}), sleep(killedMs, undefined, { ref: false })]);
      return outcome === 'timeout' ? result(-1, timeoutText(check, text())) : null;
    }
    // The container's processes end before its end is reported.
    if (outcome.signal === SIGKILL && (await container.changed.until(() => !isRunning(container), endMs)))
      return null;
    return result(outcome.code, text());
  } catch (error) {
    return isRunning(container) ? result(-1, asError(error).message) : null;
  } finally {
    over.abort();
  }
}

function isRunning({ phase }: Container): boolean {
  return phase.state === 'running';
}

async function timeoutOrInterruption(
  container: Container,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<'timeout' | 'interrupted'> {
  const timeout = sleep(timeoutMs, 'timeout' as const, { signal, ref: false });
  const left = (async () => {
    while (isRunning(container)) await container.changed.next(signal);
    return 'interrupted' as const;
  })();
  left.catch(() => {});
  return Promise.race([timeout, left]).catch(() => 'interrupted');
}

function timeoutText({ timeoutMs }: HealthCheck, output: string): string {
  const text = `Health check exceeded timeout (${timeoutMs / 1000}s)`;
  return output === '' ? text : `${text}: ${output}`;
}

function probeArgs({ shell, args }: HealthCheck): readonly string[] {
  return shell === '' ? args : ['/bin/sh', '-c', shell];
}

/** Takes all that a probe writes, so that it is never held up, and keeps the beginning. */
function gather(): { sink: SessionSink; exit: Promise<ExitStatus>; text: () => string } {
  const { promise: exit, resolve } = Promise.withResolvers<ExitStatus>();
  const kept: Buffer[] = [];
  let room = maxOutputBytes;
  const sink: SessionSink = {
    send: (frame, flushed) => {
      if (frame.kind === 'exit') resolve(frame.exit);
      else if ((frame.kind === 'stdout' || frame.kind === 'stderr') && room > 0) {
        kept.push(Buffer.from(frame.data.subarray(0, room)));
        room -= Math.min(room, frame.data.length);
      }
      queueMicrotask(flushed);
    },
    end: () => {},
  };
  return { sink, exit, text: () => Buffer.concat(kept).toString() };
}
