/** Exit code of a command line that cannot be understood, and of an engine that fails a run. */
export const engineFailureCode = 125;
