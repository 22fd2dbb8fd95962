// The contract of a session between the engine, which has the process, and the edge, which has the client.
import type { LikerError } from '../../../common/errors.ts';
import type { ExitStatus } from '../process/exit-status.ts';
import type { TerminalSize } from '../process/spec.ts';

export type StreamName = 'stdout' | 'stderr';

/** How many bytes a process has written. */
export type Totals = Readonly<Record<StreamName, number>>;

/** What the engine sends to a client of a session, in order. The last one is exit or detached. */
export type OutputFrame =
  /** The socket at which a client that can take its bytes from the shim may connect. */
  | { readonly kind: 'channel'; readonly path: string }
  | {
      readonly kind: 'ready';
      readonly containerId: string;
      readonly containerName: string;
      readonly processId: string;
      readonly sessionId: string;
      readonly tty: boolean;
      /** On the host. 0: it was not started, or has ended. */
      readonly pid: number;
      readonly stdoutOffset: number;
      readonly stderrOffset: number;
      readonly stdinOffset: number;
      readonly openStdin: boolean;
      /** The client that resumes is still connected to the shim, and has its bytes from there. */
      readonly direct: boolean;
    }
  | { readonly kind: StreamName; readonly offset: number; readonly data: Buffer }
  | { readonly kind: 'stdin-ack'; readonly offset: number }
  | { readonly kind: 'warning'; readonly reason: string; readonly message: string }
  | { readonly kind: 'output-end'; readonly all: Totals }
  | { readonly kind: 'exit'; readonly exit: ExitStatus }
  | { readonly kind: 'detached' };

/** What a client sends after its first frame. */
export type InputFrame =
  /** `offset` 0: right after the previous chunk. */
  | { readonly kind: 'stdin'; readonly offset: number; readonly data: Buffer }
  | { readonly kind: 'resize'; readonly size: TerminalSize }
  | { readonly kind: 'signal'; readonly signal: number }
  | { readonly kind: 'close-stdin' }
  | { readonly kind: 'output-taken' }
  /** It cannot connect to the socket. */
  | { readonly kind: 'channel-refused' }
  | { readonly kind: 'detach' };

/** A client as the engine sees it; the edge implements it. */
export interface SessionSink {
  /** The client answers output-end with output-taken. */
  readonly confirms?: boolean;
  /** The user whose client can take its bytes from the shim; null: it cannot. */
  readonly directFor?: number | null;
  /** Sends a frame. `flushed` is called when the transport has taken its bytes. Never throws. */
  send(frame: OutputFrame, flushed: () => void): void;
  /** The session is over; nothing is sent after this. `error`: the status of its call. */
  end(error?: LikerError): void;
}

/** A session as the edge sees it; the engine implements it. */
export interface Session {
  /** Returns whether more stdin is welcome; if not, `resumed` is called once it is. A bad frame throws and ends the session. */
  input(frame: InputFrame, resumed: () => void): boolean;
  /** The client vanished without detaching. Idempotent; without effect after the end. */
  lost(): void;
}

export interface AttachOptions {
  readonly processId: string;
  readonly readOnly: boolean;
  readonly replay: boolean;
  readonly resume: {
    readonly sessionId: string;
    readonly stdoutOffset: number;
    readonly stderrOffset: number;
    /** The client is still connected to the shim. */
    readonly direct?: boolean;
  } | null;
  readonly terminalSize: TerminalSize | null;
  /** Start the container first if it does not run. */
  readonly start: boolean;
}

/** The exit and the output of a process that was run to its end. */
export interface ExecSyncResult {
  readonly exit: ExitStatus;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** Output beyond the limit was dropped. */
  readonly truncated: boolean;
}
