import { execFile } from 'node:child_process';
import { hangMs } from './until.ts';

/** What a program prints, which must succeed. The error says what it had printed by then. */
export function printed(
  [program = '', ...args]: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { ...options, timeout: 2 * hangMs }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else
        reject(
          new Error(
            `${program} ${args.join(' ')}: ${error.code ?? error.signal}\nstdout: ${stdout}\nstderr: ${stderr}`,
          ),
        );
    });
  });
}
