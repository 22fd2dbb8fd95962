/** Ends the command with an exit code and prints nothing: the message has been printed already. */
export class ExitRequest extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}
