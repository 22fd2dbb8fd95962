import { own } from '../../common/own.ts';

export interface NotifierOptions {
  /** NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID are read from it and removed, so that children do not inherit them. */
  readonly env: NodeJS.ProcessEnv;
  readonly send: (socket: string, text: string) => void;
  /** A message could not be sent. */
  readonly onError: (error: unknown) => void;
}

const names = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'] as const;

export type Notifier = ReturnType<typeof openNotifier>;

/** Notifies the service manager by the protocol of sd_notify(3). Without one, the calls do nothing. */
export function openNotifier({ env, send, onError }: NotifierOptions) {
  const [socket, watchdogUsec, watchdogPid] = names.map((name) => own(env, name));
  for (const name of names) delete env[name];
  const isForUs = watchdogPid === undefined || watchdogPid === String(process.pid);
  const everyMs = isForUs ? Number(watchdogUsec ?? 0) / 1000 / 2 : 0;
  let timer: NodeJS.Timeout | undefined;

  const tell = (...lines: string[]): void => {
    if (!socket) return;
    try {
      send(socket, lines.join('\n'));
    } catch (error) {
      onError(error);
    }
  };
  return {
    /** The API is being served. Feeds the watchdog from now on, if there is one. */
    ready(status: string) {
      tell('READY=1', `STATUS=${status}`);
      // A timer of the event loop: if the loop hangs, the watchdog starves and the manager restarts the daemon.
      if (everyMs > 0) timer = setInterval(() => tell('WATCHDOG=1'), everyMs).unref();
    },
    /** The shutdown has begun. Keeps feeding the watchdog: a shutdown may take longer than its timeout. */
    stopping: () => tell('STOPPING=1', 'STATUS=Shutting down; containers keep running'),
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
