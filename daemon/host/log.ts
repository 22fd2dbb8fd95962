/** Values beside a constant message. Never a secret: no values of environment variables, no input or output. */
export type LogFields = Readonly<Record<string, unknown>>;

/** One event a line: a constant message with fields. An Error as a field is logged with its stack. */
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
