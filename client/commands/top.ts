import { hostPs } from '../../common/host-ps.ts';
import type { TopProcess } from '../../proto/gen/types/liker/v1/TopProcess.ts';
import type { Command } from '../cli/command.ts';
import { containers } from '../connection/methods.ts';
import { toMs } from '../format/timestamp.ts';
import { notice } from '../output/notice.ts';
import { printLines } from '../output/print.ts';
import { table } from '../output/table.ts';
import { toJson } from '../output/visible.ts';

const dayMs = 24 * 60 * 60 * 1000;

export const top: Command = {
  name: 'top',
  usage: 'CONTAINER [PS_OPTION...]',
  summary: "List the processes of a container, with the host's pids; options of ps choose the columns",
  example: 'likerctl top web -eo pid,comm',
  flags: [
    { name: 'format', type: 'string', choices: ['json'], value: 'json', help: 'json: one object per line' },
  ],
  operands: [1, Number.POSITIVE_INFINITY],
  stopsAtOperand: true,
  async run({ flags, operands: [container = '', ...psOptions], context }) {
    const connection = await context.connect();
    const { processes, total } = await connection.unary(containers.GetTop, { container });
    const lines =
      flags.text('format') === 'json' || isJson(psOptions)
        ? processes.map((process) => toJson(process))
        : psOptions.length > 0
          ? await hostPs(
              psOptions,
              processes.map(({ pid }) => pid),
            )
          : ownLines(processes);
    printLines(lines);
    if (total > processes.length) notice(`${total - processes.length} more processes are not shown`);
    return 0;
  },
};

/** `--format json` after the container is meant for likerctl: ps has no such format. */
function isJson(psOptions: readonly string[]): boolean {
  return ['--format json', '--format=json'].includes(psOptions.join(' '));
}

function ownLines(processes: readonly TopProcess[]): string[] {
  const nowMs = Date.now();
  return table([
    ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'],
    ...processes.map((process) => row(process, nowMs)),
  ]);
}

/** The columns of ps -ef. */
function row(process: TopProcess, nowMs: number): string[] {
  const startedMs = toMs(process.startedAt) ?? nowMs;
  const aliveMs = Math.max(1, nowMs - startedMs);
  return [
    String(process.uid),
    String(process.pid),
    String(process.parentPid),
    String(Math.min(99, Math.floor((100 * process.cpuMs) / aliveMs))),
    startTime(startedMs, aliveMs),
    terminalName(process.ttyDevice),
    cpuTime(process.cpuMs),
    process.args.length > 0 ? process.args.join(' ') : `[${process.name}]`,
  ];
}

/** The name of a terminal from its device number, as packed by the kernel's new_encode_dev(). */
function terminalName(device: number): string {
  if (device === 0) return '?';
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  // Majors 136 to 143 are Unix98 pseudo-terminals (Documentation/admin-guide/devices.txt).
  return major >= 136 && major <= 143 ? `pts/${(major - 136) * 256 + minor}` : `${major}:${minor}`;
}

function startTime(startedMs: number, aliveMs: number): string {
  const date = new Date(startedMs);
  if (aliveMs < dayMs) return date.toTimeString().slice(0, 5);
  return date.toLocaleDateString('en-US', { month: 'short', day: '2-digit' }).replace(' ', '');
}

function cpuTime(cpuMs: number): string {
  const seconds = Math.floor(cpuMs / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}
