import { join } from 'node:path';
import { spawn } from 'node-pty';
import { repository } from '../lab.ts';
import { interleave } from '../measure.ts';
import { rowsOf } from '../report.ts';
import type { Case } from './case.ts';

/** `run -it bash`: from Enter to the first prompt, and from `exit` to the end of the command. */
export const promptCase: Case = async ({ lab, quick }) => {
  const likerctl = join(repository, 'bin/likerctl');
  const rootfs = lab.bashRootfs;
  const first = async () => sessionTimes(likerctl, ['run', '-it', '--rm', rootfs, 'bash'], lab.env);
  const plain = async () => sessionTimes('bash', ['--norc'], lab.env);
  const samples = await interleave(
    [
      { name: 'likerctl run -it', run: first },
      { name: 'bash itself', run: plain },
    ],
    { rounds: quick ? 10 : 30, warmUp: 2 },
  );
  return {
    name: 'prompt',
    title: 'run -it bash to the first prompt',
    unit: 'ms',
    rows: rowsOf(samples),
    notes: ['exit: from Enter after `exit` to the end of the command'],
  };
};

function sessionTimes(
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv,
): Promise<{ ms: number; parts: Record<string, number> }> {
  const begin = performance.now();
  const terminal = spawn(program, args, { name: 'xterm', cols: 80, rows: 24, env });
  return new Promise((resolve) => {
    let text = '';
    let prompt = 0;
    let typed = 0;
    terminal.onData((data) => {
      text += data;
      if (prompt !== 0 || !/[#$] $/.test(text)) return;
      prompt = performance.now() - begin;
      typed = performance.now();
      terminal.write('exit\r');
    });
    terminal.onExit(() => resolve({ ms: prompt, parts: { exit: performance.now() - typed } }));
  });
}
