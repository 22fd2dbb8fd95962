// Runs untrusted Python: node code-runner.ts IMAGE < code.py prints what became of it, as JSON.

import { text } from 'node:stream/consumers';
import { Liker, LikerError } from 'liker';

const mostOutput = 64 * 1024;

/** What became of a program. */
export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  /** 137: it was killed, as when it needs too much memory. Null: it was stopped, since it took too long or wrote too much. */
  readonly code: number | null;
}

/** Each program has a container of its own, which has no network and is gone afterwards. */
export async function runPython(liker: Liker, image: string, code: string): Promise<Outcome> {
  await using box = await liker.containers.run({
    image,
    cmd: ['sleep', 'infinity'],
    limits: { memory: '64m', cpus: 0.5, pids: 32 },
    network: 'none',
    readOnly: true,
    mounts: [{ tmpfs: true, target: '/tmp' }],
    user: '65534:65534',
    spec: { capDrop: ['ALL'], timeoutSeconds: 30 },
  });
  const stop = new AbortController();
  const job = await box.exec(['python3', '-I', '-c', code], {
    timeoutMs: 5000,
    signal: stop.signal,
    cwd: '/tmp',
  });
  const written = { stdout: '', stderr: '' };
  try {
    for await (const part of job) {
      if (part.kind === 'exit') return { ...written, code: part.status.code };
      written[part.kind] += Buffer.from(part.data).toString();
      if (written[part.kind].length > mostOutput) stop.abort(new LikerError('CANCELLED', 'too much output'));
    }
  } catch (error) {
    if (!(error instanceof LikerError && ['TIMED_OUT', 'CANCELLED'].includes(error.reason))) throw error;
  }
  return { ...written, code: null };
}

if (import.meta.main) {
  const [image = 'python'] = process.argv.slice(2);
  console.log(JSON.stringify(await runPython(new Liker(), image, await text(process.stdin))));
}
