import { own } from '../../common/own.ts';

/** What likerd tells a service manager: the protocol of sd_notify(3). Without a manager every call does nothing. */
export interface Notifier extends Disposable {
  /** The API serves. From now on the watchdog is fed, if there is one. */
  ready(status: string): void;
  /** The end has begun. */
  stopping(): void;
}

export interface NotifierOptions {
  /** NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID are read from it and taken out of it: they are not for children. */
  readonly env: NodeJS.ProcessEnv;
  readonly send: (socket: string, text: string) => void;
  /** A message that could not be sent. */
  readonly onError: (error: unknown) => void;
}

const names = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'] as const;

/** Opens the way to the service manager that started this process. */
export function openNotifier({ env, send, onError }: NotifierOptions): Notifier {
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
    ready(status) {
      tell('READY=1', `STATUS=${status}`);
      // A timer of the event loop: a loop that hangs feeds nothing, and the manager starts the daemon anew.
      if (everyMs > 0) timer = setInterval(() => tell('WATCHDOG=1'), everyMs).unref();
    },
    // The watchdog is fed until the end: a shutdown may take longer than its time.
    stopping: () => tell('STOPPING=1', 'STATUS=Shutting down; containers go on'),
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
