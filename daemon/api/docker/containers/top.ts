import { hostPs } from '../../../../common/host-ps.ts';
import type { TopProcess } from '../../../engine/containers/api.ts';
import type { Door } from '../door.ts';
import { type Answer, json } from '../http/answer.ts';
import { type Call, nameOf } from '../http/call.ts';

const titles = ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'];
const dayMs = 24 * 60 * 60 * 1000;

/** The columns of ps -ef, or those of the host's ps with other options. */
export async function topContainer({ engine }: Door, call: Call): Promise<Answer> {
  const options = (call.query.get('ps_args') ?? '').split(/\s+/).filter(Boolean);
  const { processes } = await engine.containers.top(nameOf(call));
  if (!['', '-ef'].includes(options.join(' '))) {
    const lines = await hostPs(
      options,
      processes.map(({ pid }) => pid),
    );
    return json(columnsOf(lines));
  }
  const now = Date.now();
  return json({ Titles: titles, Processes: processes.map((process) => row(process, now)) });
}

/** The last column has what is left of its line. */
function columnsOf([heading = '', ...lines]: readonly string[]): object {
  const names = heading.trim().split(/\s+/);
  const split = (line: string): string[] => {
    const words = line.trim().split(/\s+/);
    return [...words.slice(0, names.length - 1), words.slice(names.length - 1).join(' ')];
  };
  return { Titles: names, Processes: lines.map(split) };
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
