/**
 * Every signal that can be caught, but for those that concern the client's own terminal, children and pipes
 * (WINCH, CHLD, URG, TSTP, TTIN, TTOU, PIPE: a proxied WINCH stops some servers), those that report a fault of
 * the client itself (SEGV, BUS, FPE, ILL), and PROF, which Node needs.
 */
export const proxiedSignals: readonly NodeJS.Signals[] = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTRAP',
  'SIGABRT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGTERM',
  'SIGSTKFLT',
  'SIGCONT',
  'SIGXCPU',
  'SIGXFSZ',
  'SIGVTALRM',
  'SIGIO',
  'SIGPWR',
  'SIGSYS',
];

/** Those that a terminal's keys send. */
export const keyboardSignals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];

/** Those by which a user asks a program to end. */
export const interruptingSignals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'];

/** Signals that end the client when they are not proxied. */
export const endingSignals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
