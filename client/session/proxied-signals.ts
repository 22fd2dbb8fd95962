/**
 * The signals that likerctl forwards: every signal that can be caught, except those about the client's own terminal, children and
 * pipes (WINCH, CHLD, URG, TSTP, TTIN, TTOU, PIPE; a forwarded WINCH would stop some servers), those that report a fault of the
 * client itself (SEGV, BUS, FPE, ILL), and PROF, which Node.js needs.
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

/** Signals that the keys of a terminal send. */
export const keyboardSignals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];

/** Signals by which a user asks a program to end. */
export const interruptingSignals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'];

/** Signals that end the client if they are not forwarded. */
export const endingSignals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
