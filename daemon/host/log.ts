/** Values that go with a constant message. Never secrets: no values of environment variables, no input or output of processes. */
export type LogFields = Readonly<Record<string, unknown>>;

/** One line for each event: a constant message and fields. An Error in a field is logged with its stack. */
export interface Log {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
}

export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

export const logFormats = ['text', 'json'] as const;
export type LogFormat = (typeof logFormats)[number];
