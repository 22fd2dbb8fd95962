import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Effects } from './effects.ts';

export function refusals(effects: Effects): void {
  const { suite: s } = effects;

  describe('limits that this machine does not support', { concurrency: 2 }, () => {
    /** A limit that this layout lacks. */
    const lacking = async (): Promise<[flag: string, value: string, knob: string]> =>
      (await effects.machine()).CgroupLayout === 'v2'
        ? ['--memory-swappiness', '5', 'memory.swappiness']
        : ['--memory-high', '64m', 'memory.high_bytes'];

    test('strict: nothing is created, and the error names the controller, the path and the remedy', async () => {
      const [flag, value] = await lacking();
      const { code, stderr } = await s.run([flag, value, '--name', 'strict'], ['true']);
      assert.equal(code, 125);
      assert.match(
        stderr,
        new RegExp(`^likerctl: Cannot set ${flag} to .*'memory'.*/sys/fs/cgroup.*leave it out`),
      );
      assert.equal((await s.likerctl(['inspect', 'strict'])).code, 1);
    });

    test('best-effort: a warning, an event, and the container runs', async () => {
      const [flag, value, knob] = await lacking();
      const flags = ['--limits', 'best-effort', flag, value, '--pids-limit', '50', '--name', 'best'];
      const { code, stdout, stderr } = await s.run(flags, ['echo', 'done']);
      assert.deepEqual([code, stdout], [0, 'done\n']);
      assert.match(stderr, new RegExp(`^likerctl: Limit not applied: Cannot set ${knob}`));
      const filter = ['--filter', 'container=best', '--format', 'json'];
      const events = await s.ok(['events', '--since', '1', '--until', '0s', ...filter]);
      assert.match(events, new RegExp(`"limit_not_applied".*${knob}`));
    });

    test('info says for every limit where it is set, or why it is not available', async () => {
      const text = await s.ok(['info']);
      const { Knobs } = await effects.machine();
      for (const { Knob, Problem } of Knobs) {
        const line = text.split('\n').find((candidate) => candidate.trim().startsWith(`${Knob} `)) ?? '';
        assert.match(line, Problem === '' ? /(v1|v2|tc|proc) +\S/ : / - +\S/, Knob);
      }
      assert.ok(Knobs.length > 40);
    });
  });
}
