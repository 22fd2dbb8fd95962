/** An invalid command line. `command` is the full name of the command, empty for likerctl itself. */
export class UsageError extends Error {
  readonly command: string;

  constructor(command: string, message: string) {
    super(message);
    this.command = command;
  }

  /** The two lines to print. */
  get lines(): readonly string[] {
    const program = this.command === '' ? 'likerctl' : `likerctl ${this.command}`;
    return [`${program}: ${this.message}`, `See '${program} --help'`];
  }
}
