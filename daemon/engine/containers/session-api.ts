import type { Repeatable } from '../journal/requests.ts';
import type { ExitStatus } from '../process/exit-status.ts';
import type { ExecProcess, OnDisconnect, ProcessSpec } from '../process/spec.ts';
import type { AttachOptions, ExecSyncResult, Session, SessionSink } from '../sessions/frames.ts';
import type { CreateOptions } from './api.ts';
import type { AskedSpec } from './model/spec.ts';

/** Processes in containers and their clients, as the edge uses them. Everything rejects with LikerError. */
export interface SessionService {
  /** Creates a container and starts it for the client. */
  run(spec: AskedSpec, options: CreateOptions, sink: SessionSink): Promise<Session>;
  exec(
    container: string,
    process: ExecProcess,
    options: { readonly onDisconnect: OnDisconnect } & Repeatable,
    sink: SessionSink,
  ): Promise<Session>;
  attach(container: string, options: AttachOptions & Repeatable, sink: SessionSink): Promise<Session>;
  /** Starts a process that no client waits for. */
  startExec(container: string, process: ExecProcess, options: Repeatable): Promise<ProcessView>;
  /** Runs a process to its end. Aborting kills it. */
  execSync(
    container: string,
    process: ExecProcess,
    stdin: Buffer,
    signal: AbortSignal,
  ): Promise<ExecSyncResult>;
  processes(container: string): Promise<readonly ProcessView[]>;
}

export interface ProcessView {
  readonly containerId: string;
  /** "main" or the id of an exec. */
  readonly processId: string;
  /** 0 when it does not run. */
  readonly pid: number;
  readonly spec: ProcessSpec;
  readonly exit: ExitStatus | null;
  readonly attachedClients: number;
}
