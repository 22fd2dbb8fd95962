import type { TopProcess } from '../../../engine/containers/api.ts';
import type { Door } from '../door.ts';
import { type Answer, json } from '../http/answer.ts';
import { type Call, nameOf } from '../http/call.ts';
import { HttpError } from '../http/errors.ts';

const titles = ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'];
const dayMs = 24 * 60 * 60 * 1000;

/** The columns of ps -ef. */
export async function topContainer({ engine }: Door, call: Call): Promise<Answer> {
  const asked = call.query.get('ps_args') ?? '';
  if (!['', '-ef'].includes(asked))
    throw new HttpError(
      400,
      `Cannot list the processes with 'ps ${asked}': leave the options out, or use likerctl top`,
    );
  const { processes } = await engine.containers.top(nameOf(call));
  const now = Date.now();
  return json({ Titles: titles, Processes: processes.map((process) => row(process, now)) });
}

function row(
  { uid, pid, parentPid, ttyDevice, startedAt, cpuMs, args, name }: TopProcess,
  now: number,
): string[] {
  const lifeMs = Math.max(1, now - startedAt);
  const started = new Date(startedAt);
  const time =
    now - startedAt < dayMs ? started.toTimeString().slice(0, 5) : started.toDateString().slice(4, 10);
  const terminal = ttyDevice === 0 ? '?' : `pts/${ttyDevice & 0xff}`;
  return [
    ...[String(uid), String(pid), String(parentPid)],
    ...[String(Math.round((cpuMs / lifeMs) * 100)), time, terminal, clock(cpuMs)],
    args.length > 0 ? args.join(' ') : `[${name}]`,
  ];
}

/** HH:MM:SS. */
function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}
