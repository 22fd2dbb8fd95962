import { status } from '@grpc/grpc-js';
import type { Api } from '../harness/api.ts';

/** What the load knows about a container that it created; the engine must agree, whatever was killed meanwhile. */
export interface Expected {
  readonly name: string;
  readonly code: number;
  readonly lines: number;
}

/** Generous, since killed daemons leave little time between one and the next. */
const patienceMs = 5 * 60_000;

/** Repeats a call until a daemon answers. Throws other errors. */
export async function insist<T>(call: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isLoss(error) || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

export function isLoss(error: unknown): boolean {
  const code = codeOf(error);
  return code === status.UNAVAILABLE || code === status.CANCELLED;
}

export function codeOf(error: unknown): number {
  return (error as { code?: number }).code ?? -1;
}

/** The program of a container: it writes numbered lines, then exits with its own code. */
export function script({ lines, code }: Pick<Expected, 'lines' | 'code'>): string[] {
  return ['sh', '-c', `i=0; while [ $i -lt ${lines} ]; do echo line $i; i=$((i+1)); done; exit ${code}`];
}

export function expectedLog({ lines }: Pick<Expected, 'lines'>): string {
  return Array.from({ length: lines }, (_, index) => `line ${index}\n`).join('');
}

/** The whole log of a container: up to now, or with `follow` up to its end. */
export function readLog(api: Api, container: string, { follow = false } = {}): Promise<string> {
  return insist(
    () =>
      new Promise<string>((resolve, reject) => {
        const parts: Buffer[] = [];
        const stream = api.logs.ReadLogs({ container, follow });
        stream.on('data', ({ entries }) => {
          for (const entry of entries) parts.push(entry.data as Buffer);
        });
        stream.on('error', reject);
        stream.on('end', () => resolve(Buffer.concat(parts).toString()));
      }),
  );
}
