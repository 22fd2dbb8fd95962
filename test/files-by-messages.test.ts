// As files.test.ts, with a likerd that has no place for sockets: all bytes go through the API, as they do for clients of other machines.
import './harness/no-file-sockets.ts';
import './files.test.ts';
