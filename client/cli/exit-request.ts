/** Ends the command with an exit code, after it has said all there is to say. */
export class ExitRequest extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}
