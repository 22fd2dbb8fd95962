import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { badArgument } from './errors.ts';

/** Runs the host's ps, as Docker does, and keeps the lines with one of these pids. The first line has the headings. */
export async function hostPs(options: readonly string[], pids: readonly number[]): Promise<string[]> {
  const only = ['-q', pids.join(',')];
  // Some options, such as f, go not together with -q.
  const output = await runPs([...options, ...only]).catch(() => runPs(options));
  const [heading = '', ...lines] = output.split('\n');
  const column = heading.trim().split(/\s+/).indexOf('PID');
  if (column === -1) {
    throw badArgument(
      'ps',
      `Cannot list the processes with 'ps ${options.join(' ')}': its output has no column PID; add pid to the columns`,
    );
  }
  const wanted = new Set(pids.map(String));
  return [heading, ...lines.filter((line) => wanted.has(line.trim().split(/\s+/)[column] ?? ''))];
}

async function runPs(options: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('ps', [...options], { maxBuffer: 256 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
    const why = code === 'ENOENT' ? 'this machine has no ps' : (stderr.trim().split('\n')[0] ?? '');
    throw badArgument('ps', `Cannot run 'ps ${options.join(' ')}' on the host: ${why}`);
  }
}
