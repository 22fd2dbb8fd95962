// Loads that use likerctl as a person would; it reconnects by itself.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { startLikerctl } from '../harness/likerctl.ts';
import { until } from '../harness/until.ts';
import { remove, startLongLived } from './api-load.ts';
import { expectedLog, insist, script } from './ledger.ts';
import { type Load, repeat } from './load.ts';

/** A likerd waits ten seconds for clients of its predecessor to return; a likerd that is killed sooner passes the full time on to the next. */
const longestGraceMs = 20 * 60_000;

/** Every byte and the exit code arrive. */
export async function runInForeground(load: Load, name: string, flags: readonly string[]): Promise<void> {
  await repeat(load, `run ${name}`, async (index) => {
    const expected = { code: randomInt(0, 100), lines: 2000 };
    const slowly = ['sh', '-c', `${script(expected)[2]?.replace('; exit', '; sleep 0.2; exit')}`];
    const container = `fg-${name}-${index}`;
    const argv = ['run', '--rm', '--name', container, ...flags, load.rootfs, ...slowly];
    const { code, stdout, stderr } = await startLikerctl(load.daemon, argv).outcome;
    // A run may fail only if no daemon was there at its beginning: then nothing, or an unknown container, was started.
    if (code === 125 && stderr.includes('Cannot reach likerd')) {
      load.unsure.add(container);
      return;
    }
    const wanted = expectedLog(expected);
    sameOutput(stdout.replaceAll('\r\n', '\n'), wanted, `${container} ended with ${code}: ${stderr}`);
    assert.equal(code, expected.code, stderr);
  });
}

/** With thousands of lines, the first difference says more than the whole texts. */
function sameOutput(actual: string, wanted: string, context: string): void {
  if (actual === wanted) return;
  let at = 0;
  while (actual[at] === wanted[at]) at++;
  const around = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 30), at + 30));
  assert.fail(
    `${context}\n${actual.length} bytes of ${wanted.length}; at ${at}: ${around(actual)}, wanted ${around(wanted)}`,
  );
}

/** Execs in a container that runs all the time. */
export async function execInto(load: Load): Promise<void> {
  await startLongLived(load, 'long', ['sleep', '100000']);
  await repeat(load, 'exec', async (index) => {
    const expected = { code: randomInt(0, 100), lines: 500 };
    const flags = index % 2 === 0 ? [] : ['-t'];
    const argv = ['exec', ...flags, 'long', ...script(expected)];
    const { code, stdout, stderr } = await startLikerctl(load.daemon, argv).outcome;
    if (code === 125) {
      assert.match(stderr, /likerd|daemon/);
      return;
    }
    sameOutput(stdout.replaceAll('\r\n', '\n'), expectedLog(expected), `exec ended with ${code}: ${stderr}`);
    assert.equal(code, expected.code, stderr);
  });
  await remove(load, 'long', true);
}

/** Clients that are killed while they run: with --on-disconnect kill, their container is killed too. */
export async function killClients(load: Load): Promise<void> {
  const { api } = load;
  await repeat(load, 'killed clients', async (index) => {
    const container = `victim-${index}`;
    const flags = ['--rm', '--on-disconnect', 'kill', ...(index % 2 === 0 ? [] : ['-t'])];
    const talk = 'while :; do echo 0123456789; sleep 0.01; done';
    const argv = ['run', ...flags, '--name', container, load.rootfs, 'sh', '-c', talk];
    const client = startLikerctl(load.daemon, argv);
    await Promise.race([client.waitFor('0123456789').catch(() => {}), client.outcome]);
    await sleep(randomInt(0, 100));
    client.kill('SIGKILL');
    const { stdout } = await client.outcome;
    // It was killed before its first output: if the daemon is killed as well, the container may exist and never have been started.
    if (stdout === '') load.unsure.add(container);
    await until(
      `the end of ${container}`,
      async () => {
        const filters = [{ key: 'name', value: `^${container}$` }];
        const { containers } = await insist(() =>
          api.call<{ containers: unknown[] }>((done) =>
            api.containers.ListContainers({ all: true, filters }, done),
          ),
        );
        return containers.length === 0;
      },
      { deadlineMs: longestGraceMs, everyMs: 50 },
    );
  });
}
