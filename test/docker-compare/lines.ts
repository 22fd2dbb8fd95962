import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { within as inTime } from '../harness/until.ts';

/** The client of the release that was recorded, since PATH may find another one first. */
export const client = '/usr/bin/docker';

export interface Line {
  readonly command: string;
  /** Why Liker's outcome is another one. Empty: it is dockerd's. */
  readonly why: string;
  /** Liker's own outcome, where it differs. */
  readonly own: string;
}

export const lines: readonly Line[] = readFileSync(join(import.meta.dirname, 'lines.txt'), 'utf8')
  .trimEnd()
  .split(/\n\n(?=\$ )/)
  .slice(1)
  .map((block) => {
    const [, command = '', rest = ''] = /^\$ (.*?)(?:\n(~ .*))?\n*$/s.exec(block) ?? [];
    const [why = '', ...own] = rest.split('\n');
    return { command, why: why.slice(2), own: own.join('\n') };
  });

/** Runs all lines, one after another, in a folder `work`, and answers the outcome of each. */
export async function outcomes(
  socket: string,
  { work, within = [] }: { readonly work: string; readonly within?: readonly string[] },
): Promise<Record<string, string>> {
  mkdirSync(work, { recursive: true });
  const found: Record<string, string> = {};
  for (const { command } of lines) found[command] = plain(await run(command), work);
  return found;

  async function run(command: string): Promise<string> {
    const [program = '', ...args] = [...within, 'bash', '-c', command];
    const env = { PATH: `/usr/bin:${process.env['PATH']}`, HOME: work, LC_ALL: 'C.UTF-8', TZ: 'UTC' };
    const bash = spawn(program, args, {
      ...{ cwd: work, stdio: ['ignore', 'pipe', 'pipe'] },
      env: { ...env, DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: join(work, '.docker') },
    });
    const ended = new Promise<number | null>((resolve) => bash.once('close', resolve));
    const all = Promise.all([ended, text(bash.stdout), text(bash.stderr)]);
    const [code, stdout, stderr] = await inTime(command, all).finally(() => bash.kill('SIGKILL'));
    return [String(code), ...marked('>', stdout), ...marked('!', stderr)].join('\n');
  }
}

function marked(mark: string, output: string): string[] {
  return output === ''
    ? []
    : output
        .replace(/\n$/, '')
        .split('\n')
        .map((line) => `${mark} ${line}`.trimEnd());
}

/** Without what differs from run to run, or from machine to machine. */
function plain(outcome: string, work: string): string {
  return (
    outcome
      // Of a race in the client, after the answer that it shows.
      .replaceAll(/\n! time=.*error waiting for container.*/g, '')
      .replaceAll(work, '/WORK')
      .replaceAll(/\r/g, '\\r')
      .replaceAll(/\b[0-9a-f]{64}\b/g, 'ID')
      .replaceAll(/\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{12}\b/g, 'ID')
      .replaceAll(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?/g, (time) =>
        time.startsWith('0001') ? time : 'TIME',
      )
      .replaceAll(/(About |Less than )?\b(a|an|\d+) (second|minute)s?\b/g, 'T')
      // A container without a name of its own.
      .replaceAll(/'[a-z]+_[a-z]+'/g, "'NAME'")
      .replaceAll(/"Pid":[1-9]\d*/g, '"Pid":N')
      .replaceAll(/ {2,}/g, '  ')
  );
}
