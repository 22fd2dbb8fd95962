import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExitStatus } from '../../proto/gen/types/liker/v1/ExitStatus.ts';
import type { Ready } from '../../proto/gen/types/liker/v1/Ready.ts';
import { Connection } from '../connection/connection.ts';
import { containers, sessions } from '../connection/methods.ts';
import { startCommand } from '../connection/start-command.ts';
import { notice } from '../output/notice.ts';
import { openAttach, type SessionCall } from './call.ts';
import { terminalSize } from './terminal.ts';

const firstPauseMs = 50;
const longestPauseMs = 500;
const queryMs = 5000;

/** For about three seconds whoever looks after likerd may start it again; then the user is told how. */
const triesUnaided = 10;

function stillAway(socket: string): string {
  return `still nothing listens at unix://${socket}; start likerd with '${startCommand(socket)}'`;
}

/** Where to go on after a lost connection. */
export interface ResumePoint {
  readonly stdoutOffset: number;
  readonly stderrOffset: number;
  /** How often it has been tried already. */
  readonly attempt: number;
}

/** Finds the way back to a daemon that went away. */
export class Reconnector {
  readonly #socketPath: string;
  readonly #readOnly: boolean;
  #connection: Connection | undefined;

  constructor(socketPath: string, readOnly: boolean) {
    this.#socketPath = socketPath;
    this.#readOnly = readOnly;
  }

  /** Waits, without bound, until a daemon listens; then opens an Attach that goes on where the session stood. */
  async attach(ready: Ready, { stdoutOffset, stderrOffset, attempt }: ResumePoint): Promise<SessionCall> {
    await this.pause(attempt);
    for (let tries = attempt; !(await this.#isListening()); tries++) {
      if (tries === attempt + triesUnaided) notice(stillAway(this.#socketPath));
      await this.pause(tries);
    }
    return openAttach(this.#freshConnection(), {
      container: ready.containerId,
      processId: ready.processId,
      readOnly: this.#readOnly,
      resume: { sessionId: ready.sessionId, stdoutOffset, stderrOffset },
      terminalSize: ready.tty ? (terminalSize() ?? null) : null,
    });
  }

  /** How a process ended that can no longer be attached to; undefined when that is not known any more. */
  async lastStatus({ containerId, processId }: Ready): Promise<ExitStatus | undefined> {
    const connection = this.#freshConnection();
    const deadline = { deadlineMs: queryMs };
    try {
      const { processes } = await connection.unary(
        sessions.ListProcesses,
        { container: containerId },
        deadline,
      );
      const status = processes.find((process) => process.processId === processId)?.exit;
      if (status) return status;
      if (processId !== 'main') return undefined;
      const { container } = await connection.unary(
        containers.GetContainer,
        { container: containerId },
        deadline,
      );
      return container?.exit ?? undefined;
    } catch {
      return undefined;
    }
  }

  /** Longer with each attempt. */
  pause(attempt: number): Promise<void> {
    return sleep(Math.min(firstPauseMs * 1.5 ** attempt, longestPauseMs));
  }

  #freshConnection(): Connection {
    this.#connection?.close();
    this.#connection = new Connection(this.#socketPath);
    return this.#connection;
  }

  #isListening(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.#socketPath);
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
  }
}
