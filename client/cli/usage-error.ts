/** A command line that cannot be understood. `command` is the full name, empty for likerctl itself. */
export class UsageError extends Error {
  readonly command: string;

  constructor(command: string, message: string) {
    super(message);
    this.command = command;
  }

  /** The two lines that the user sees. */
  get lines(): readonly string[] {
    const program = this.command === '' ? 'likerctl' : `likerctl ${this.command}`;
    return [`${program}: ${this.message}`, `See '${program} --help'`];
  }
}
