import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCommand } from './start-command.ts';

const firstPauseMs = 50;
const longestPauseMs = 500;

/** A supervisor gets about three seconds to restart likerd; then likerctl tells the user how to start it. */
const triesUnaided = 10;

export const lostText = 'lost likerd; waiting for it to come back (ctrl-c to give up)';

/**
 * Waits until a daemon listens, with growing pauses; `attempt` is the number of failed tries so far. Resolves to false once
 * performance.now() has reached `giveUpAt`. Tells the user if it takes long; with `lost`, also that the daemon was lost.
 */
export async function untilListening(
  socketPath: string,
  {
    attempt,
    giveUpAt,
    lost,
    tell,
    isBackground,
  }: {
    readonly attempt: number;
    readonly giveUpAt: number;
    readonly lost: boolean;
    readonly tell: (text: string) => void;
    readonly isBackground: boolean;
  },
): Promise<boolean> {
  const pause = (tries: number) =>
    sleep(Math.min(firstPauseMs * 1.5 ** tries, longestPauseMs), undefined, { ref: !isBackground });
  await pause(attempt);
  for (let tries = attempt; !(await isListening(socketPath)); tries++) {
    if (performance.now() >= giveUpAt) return false;
    if (tries === attempt + triesUnaided) {
      if (lost) tell(lostText);
      const how = `start likerd with '${startCommand(socketPath)}'`;
      tell(`still nothing listens at unix://${socketPath}; ${how}`);
    }
    await pause(tries);
  }
  return true;
}

/** True if something accepts connections on this Unix socket. */
export function isListening(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
