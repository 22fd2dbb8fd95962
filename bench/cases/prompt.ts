import { spawn } from 'node-pty';
import { type Contestant, interleave, type Sample } from '../measure.ts';
import { type Aim, medianOf, type Result, type Row, rowsOf, share } from '../report.ts';
import type { Case } from './case.ts';

/** `run -it bash`: from Enter to the first prompt, and from `exit` to the end of the command. */
export const promptCase: Case = async ({ lab, peers, quick }): Promise<readonly Result[]> => {
  const likerctl = `${lab.likerctl} run -it --rm ${lab.rootfs} /bin/bash`;
  const contestants: Contestant[] = [
    { name: 'likerctl run -it', run: async () => sessionTimes(likerctl, lab.env) },
    ...peers
      .filter(({ isRuntime }) => !isRuntime)
      .map((peer) => ({
        name: `${peer.name} run -it`,
        every: 2,
        // Counted here, since the runner does not run it.
        run: async () => {
          const command = peer.run(['/bin/bash'], { tty: true }).replace('%N', `${process.pid}-${++count}`);
          return sessionTimes(peer.runner.inside(command), peer.runner.env);
        },
      })),
    { name: 'bash itself', run: async () => sessionTimes('bash --norc', process.env) },
  ];
  let count = 0;
  const samples = await interleave(contestants, { rounds: quick ? 6 : 30, warmUp: quick ? 1 : 2 });
  const exits = new Map(
    [...samples].map(([name, all]) => [name, all.map(({ parts }): Sample => ({ ms: parts?.['exit'] ?? 0 }))]),
  );
  const prompts = rowsOf(samples, 'podman run -it');
  const ends = rowsOf(exits, 'podman run -it');
  return [
    {
      name: 'prompt',
      title: 'run -it bash to the first prompt',
      unit: 'ms',
      rows: prompts,
      notes: [],
      aims: [byPodman('first prompt of `run -it`', prompts, 0.5)],
    },
    {
      name: 'exit',
      title: 'from Enter after `exit` to the end of the command',
      unit: 'ms',
      rows: ends,
      notes: [],
      aims: [byPodman('from `exit` to the end', ends, 0.15)],
    },
  ];
};

function byPodman(work: string, rows: readonly Row[], factor: number): Aim {
  const limit = share(medianOf(rows, 'podman run -it'), factor);
  return { work, row: 'likerctl run -it', limit, bound: `${factor} × podman's` };
}

function sessionTimes(command: string, env: NodeJS.ProcessEnv): Promise<Sample> {
  const begin = performance.now();
  const terminal = spawn('/bin/sh', ['-c', `exec ${command}`], { name: 'xterm', cols: 80, rows: 24, env });
  return new Promise((resolve, reject) => {
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
    terminal.onExit(({ exitCode }) => {
      if (prompt === 0) reject(new Error(`'${command}' ended with ${exitCode} before a prompt: ${text}`));
      else resolve({ ms: prompt, parts: { exit: performance.now() - typed } });
    });
  });
}
