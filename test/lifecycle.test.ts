// The verbs of a container's life, as a user of Docker expects them.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { isAlive } from './harness/proc.ts';
import { hasCgroups, requiresCgroups } from './harness/requires.ts';
import { suite } from './harness/suite.ts';
import { until, within } from './harness/until.ts';

const s = suite();

const sleeper = ['sleep', '100000'];
const patient = ['sh', '-c', 'trap "echo asked; exit 5" TERM; echo ready; while :; do sleep 0.05; done'];

/** Waits until the log of a running container contains the text. */
async function logged(container: string, text: string): Promise<void> {
  const log = s.api.logs.ReadLogs({ container, follow: true });
  let seen = '';
  const read = async () => {
    for await (const { entries } of log) {
      for (const { data } of entries) seen += data.toString();
      if (seen.includes(text)) return;
    }
    throw new Error('The container has ended');
  };
  await within(`no '${text}' in the log`, read(), { state: () => seen }).finally(() => log.cancel());
}

describe('create, start, stop, restart, kill', { concurrency: 4 }, () => {
  test('create prints the full id and starts nothing; start prints the name that was given', async () => {
    const id = await s.ok(['create', '--name', 'born', s.rootfs, ...sleeper]);
    assert.match(id, /^[0-9a-f]{64}$/);
    assert.equal((await s.inspect('born')).State.Status, 'created');
    assert.equal(await s.ok(['start', 'born']), 'born');
    assert.equal(await s.ok(['start', id.slice(0, 12)]), id.slice(0, 12), 'a second start is a success');
    assert.equal((await s.inspect(id)).State.Status, 'running');
    await s.ok(['rm', '-f', 'born']);
  });

  test("stop sends the stop signal, and the exit code is the process's own", async () => {
    const id = await s.detached([], patient);
    await logged(id, 'ready');
    assert.equal(await s.ok(['stop', id]), id);
    const { State } = await s.inspect(id);
    assert.deepEqual([State.Status, State.ExitCode], ['exited', 5]);
    assert.equal(await s.ok(['stop', id]), id, 'a second stop is a success');
    await s.ok(['rm', id]);
  });

  test('stop sends SIGKILL to every process after the grace period', async () => {
    const id = await s.detached(
      [],
      ['sh', '-c', 'trap "" TERM; sleep 100000 & echo ready; while :; do sleep 0.05; done'],
    );
    await logged(id, 'ready');
    const start = Date.now();
    await s.ok(['stop', '-t', '1', id]);
    assert.ok(Date.now() - start >= 1000);
    const { State } = await s.inspect(id);
    assert.deepEqual([State.Status, State.ExitCode, State.Signal], ['exited', 137, 9]);
    await s.ok(['rm', id]);
  });

  test('--stop-signal and --stop-timeout of the container, and -s of stop', async () => {
    const script = (signal: string) => [
      'sh',
      '-c',
      `trap "exit 21" ${signal}; trap "" TERM; echo ready; while :; do sleep 0.05; done`,
    ];
    const own = await s.detached(['--stop-signal', 'USR1', '--stop-timeout', '30'], script('USR1'));
    const given = await s.detached([], script('USR2'));
    await Promise.all([logged(own, 'ready'), logged(given, 'ready')]);
    await s.ok(['stop', own]);
    await s.ok(['stop', '-s', 'SIGUSR2', given]);
    for (const id of [own, given]) assert.equal((await s.inspect(id)).State.ExitCode, 21);
    await s.ok(['rm', own, given]);
  });

  test('a grace period of a month, or an infinite one, does not expire at once', async () => {
    const id = await s.detached(['--stop-timeout', '-1', '--timeout', '3000000'], patient);
    await logged(id, 'ready');
    await s.ok(['stop', id]);
    assert.equal((await s.inspect(id)).State.ExitCode, 5);
    await s.ok(['start', id]);
    await logged(id, 'ready\nasked\nready');
    await s.ok(['stop', '-t', '3000000', id]);
    assert.equal((await s.inspect(id)).State.ExitCode, 5);
    await s.ok(['rm', id]);
  });

  test('restart runs a new process in the same container', async () => {
    const id = await s.detached(
      ['--name', 'again'],
      ['sh', '-c', 'trap "exit 0" TERM; echo run >>/runs; cat /runs; while :; do sleep 0.05; done'],
    );
    await logged(id, 'run');
    const before = (await s.inspect(id)).State.Pid;
    assert.equal(await s.ok(['restart', 'again']), 'again');
    await logged(id, 'run\nrun\nrun');
    assert.notEqual((await s.inspect(id)).State.Pid, before);
    assert.ok(!isAlive(before));
    await s.ok(['rm', '-f', id]);
  });

  test('kill sends any signal, by name or number, and SIGKILL without -s', async () => {
    const id = await s.detached(
      [],
      ['sh', '-c', 'trap "echo usr1" USR1; trap "echo hup" HUP; echo ready; while :; do sleep 0.05; done'],
    );
    await logged(id, 'ready');
    await s.ok(['kill', '-s', 'USR1', id]);
    await logged(id, 'usr1');
    await s.ok(['kill', '--signal', '1', id]);
    await logged(id, 'hup');
    assert.equal(await s.ok(['kill', id]), id);
    assert.equal(await s.ok(['wait', id]), '137');
    const again = await s.likerctl(['kill', id]);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /^likerctl: Cannot kill container '.+': it is not running\n$/);
    const bad = await s.likerctl(['kill', '-s', 'NOPE', id]);
    assert.notEqual(bad.code, 0);
    assert.match(bad.stderr, /NOPE/);
    await s.ok(['rm', id]);
  });

  test(
    'pause stops all progress and unpause resumes it; verbs on a paused container say what to do (T58)',
    requiresCgroups('pause'),
    async () => {
      const count = ['sh', '-c', 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done'];
      const id = await s.detached(['--name', 'frozen'], count);
      await logged(id, '5');
      assert.equal(await s.ok(['pause', 'frozen']), 'frozen');
      assert.equal(await s.ok(['pause', 'frozen']), 'frozen');
      const [first, status] = [
        await s.ok(['logs', id]),
        await s.ok(['ps', '--filter', 'name=frozen', '--format', '{{.Status}} {{.State}}']),
      ];
      assert.match(status, /^Up .* \(Paused\) paused$/);
      const beside = await s.detached([], count);
      await logged(beside, '20');
      assert.equal(await s.ok(['logs', id]), first, 'while another one counts to 20');
      await s.ok(['rm', '-f', beside]);
      const exec = await s.likerctl(['exec', id, 'true']);
      assert.notEqual(exec.code, 0);
      assert.match(
        exec.stderr,
        /^likerctl: Cannot exec in container 'frozen': it is paused; unpause it first\n$/,
      );
      await s.ok(['unpause', id]);
      await until('progress', async () => (await s.ok(['logs', id])).length > first.length);
      await s.ok(['pause', id]);
      await s.ok(['stop', '-t', '1', id]);
      assert.equal((await s.inspect(id)).State.Status, 'exited');
      await s.ok(['rm', id]);
    },
  );

  test('several containers at once: each is handled, failures are reported one by one, and the exit code is 1', async () => {
    const ids = await Promise.all([s.detached([], sleeper), s.detached([], sleeper)]);
    const { code, stdout, stderr } = await s.likerctl([
      'stop',
      '-t',
      '0',
      ids[0] ?? '',
      'no-such-one',
      ids[1] ?? '',
    ]);
    assert.equal(code, 1);
    assert.deepEqual(stdout.trim().split('\n').sort(), [...ids].sort());
    assert.match(stderr, /^likerctl: .*no-such-one.*\n$/);
    await s.ok(['rm', ...ids]);
  });
});

describe('rm, rename, wait, top', { concurrency: 4 }, () => {
  test('rm refuses a running container and says what to do; rm -f removes it, and accepts a missing one', async () => {
    const id = await s.detached(['--name', 'kept'], sleeper);
    const { Pid } = (await s.inspect(id)).State;
    const refused = await s.likerctl(['rm', 'kept']);
    assert.equal(refused.code, 1);
    assert.equal(
      refused.stderr,
      "likerctl: Cannot remove container 'kept': it is running; stop it first, or remove it with force (rm -f)\n",
    );
    assert.equal(await s.ok(['rm', '-f', 'kept', 'not-there']), 'kept');
    assert.ok(!isAlive(Pid));
    const gone = await s.likerctl(['rm', 'kept']);
    assert.equal(gone.code, 1);
    assert.match(gone.stderr, /^likerctl: .*kept.*\n$/);
    assert.equal(await s.ok(['rm', id]), id, 'a whole id that was removed is a success');
  });

  test('rename requires a free and valid name', async () => {
    await s.ok(['create', '--name', 'old-name', s.rootfs, 'true']);
    await s.ok(['create', '--name', 'other', s.rootfs, 'true']);
    await s.ok(['rename', 'old-name', 'new-name']);
    assert.equal((await s.likerctl(['inspect', 'old-name'])).code, 1);
    for (const bad of ['other', 'with space', '-x', '']) {
      const { code, stderr } = await s.likerctl(['rename', 'new-name', '--', bad]);
      assert.notEqual(code, 0, bad);
      assert.match(stderr, /^likerctl: .+\n$|^.+\n/);
    }
    assert.equal(await s.ok(['inspect', '-f', '{{.Name}}', 'new-name']), '/new-name');
    await s.ok(['rm', 'new-name', 'other']);
  });

  test('wait blocks until the exit and prints the exit code; conditions', async () => {
    const script = '[ -e /again ] && exit 18; touch /again; sleep 0.5; exit 17';
    const id = await s.detached([], ['sh', '-c', script]);
    const removed = s.start(['wait', '--condition', 'removed', id]);
    assert.equal(await s.ok(['wait', id]), '17');
    assert.equal(await s.ok(['wait', id]), '17', 'and at once for one that has ended');
    const next = s.start(['wait', '--condition', 'next-exit', id]);
    // Each start gives one more exit, until the wait has seen one.
    await until('an exit', async () => {
      await s.ok(['start', id]);
      await s.ok(['wait', id]);
      return next.hasEnded;
    });
    assert.equal((await next.outcome).stdout, '18\n', 'not of the exit before');
    assert.ok(!removed.hasEnded, 'an exit is no removal');
    await s.ok(['rm', id]);
    assert.equal((await removed.outcome).stdout, '18\n');
  });

  test('top lists the processes with their pids on the host', async () => {
    const id = await s.detached([], ['sh', '-c', 'sleep 5001 & exec sleep 5002']);
    const table = await until('both', async () => {
      const text = await s.ok(['top', id]);
      return text.includes('sleep 5001') && text.includes('sleep 5002') && text;
    });
    const [head = '', ...rows] = table.split('\n');
    assert.match(head, /^UID\s+PID\s+PPID\s+C\s+STIME\s+TTY\s+TIME\s+CMD$/);
    const pids = rows.map((row) => Number(row.split(/\s+/)[1]));
    assert.ok(pids.every(isAlive));
    assert.ok(pids.includes((await s.inspect(id)).State.Pid));
    await s.ok(['rm', '-f', id]);
    assert.notEqual((await s.likerctl(['top', id])).code, 0);
  });
});

describe('ps and inspect', { concurrency: 4 }, () => {
  test('ps prints a table; -a, -q, --no-trunc, --format, -n, -l', async () => {
    const id = await s
      .detached(
        ['--name', 'shown', '-l', 'row=1', '-l', 'tier=x'],
        ['sleep', '99999999', 'and', 'more', 'words'],
      )
      .catch(() => '');
    const run = await s.detached(
      ['--name', 'listed', '-l', 'row=1'],
      ['sh', '-c', 'sleep 100000; echo a-rather-long-command'],
    );
    if (id !== '') await s.likerctl(['wait', id]);
    const only = ['--filter', 'label=row=1'];
    const [head = '', row = ''] = (await s.ok(['ps', ...only])).split('\n');
    assert.match(
      head,
      /^CONTAINER ID\s+IMAGE\s+COMMAND\s+CREATED\s+STATUS\s+PORTS\s+NAMES$|^CONTAINER ID\s+IMAGE\s+COMMAND\s+CREATED\s+STATUS\s+NAMES$/,
    );
    assert.ok(row.startsWith(run.slice(0, 12)), row);
    assert.match(row, /…"\s.*ago\s+Up .*\s+listed$/);
    assert.equal(await s.ok(['ps', '-q', ...only]), run.slice(0, 12));
    assert.equal(await s.ok(['ps', '-q', '--no-trunc', ...only]), run);
    assert.match(await s.ok(['ps', '-a', '--no-trunc', ...only]), /a-rather-long-command"/);
    assert.deepEqual((await s.ok(['ps', '-a', ...only, '--format', '{{.Names}} {{.State}}'])).split('\n'), [
      'listed running',
      'shown exited',
    ]);
    const json = (await s.ok(['ps', '-a', ...only, '--format', 'json']))
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);
    assert.deepEqual(
      json.map(({ Names }) => Names),
      ['listed', 'shown'],
    );
    assert.match(
      await s.ok(['ps', '-a', ...only, '--format', 'table {{.Names}}\t{{.Label "tier"}}']),
      /^NAMES\s+.*\nlisted.*\nshown\s+x$/i,
    );
    await s.ok(['rm', '-f', 'listed', 'shown']);
  });

  test('filters: id, name, labels, status, exited, before, since, and several of one kind', async () => {
    const make = async (name: string, code: number): Promise<string> => {
      const labels = ['-l', 'filtered', '-l', `code=${code}`];
      const id = await s.detached(['--name', name, ...labels], ['sh', '-c', `exit ${code}`]);
      await s.ok(['wait', id]);
      return id;
    };
    const ids = [await make('fil-a', 0), await make('fil-b', 3), await make('fil-c', 3)];
    const names = async (...filters: string[]): Promise<string[]> =>
      (
        await s.ok([
          'ps',
          '-a',
          '--filter',
          'label=filtered',
          ...filters.flatMap((filter) => ['--filter', filter]),
          '--format',
          '{{.Names}}',
        ])
      )
        .split('\n')
        .filter(Boolean);
    assert.deepEqual(await names(), ['fil-c', 'fil-b', 'fil-a']);
    assert.deepEqual(await names(`id=${ids[1]?.slice(0, 10)}`), ['fil-b']);
    assert.deepEqual(await names('name=il-a', 'name=il-c'), ['fil-c', 'fil-a']);
    assert.deepEqual(await names('name=^fil-a$', 'name=^/fil-c'), ['fil-c', 'fil-a']);
    assert.deepEqual(await names('name=^il'), []);
    assert.match((await s.likerctl(['ps', '--filter', 'name=('])).stderr, /Invalid filter name '\('/);
    assert.deepEqual(await names('label=code=3'), ['fil-c', 'fil-b']);
    assert.deepEqual(await names('exited=3'), ['fil-c', 'fil-b']);
    assert.match((await s.likerctl(['ps', '--filter', 'exited=x'])).stderr, /use an exit code/);
    assert.deepEqual(await names('status=running'), []);
    assert.deepEqual(await names('status=exited', 'exited=0'), ['fil-a']);
    assert.deepEqual(await names('before=fil-b'), ['fil-a']);
    assert.deepEqual(await names('since=fil-b'), ['fil-c']);
    assert.notEqual((await s.likerctl(['ps', '--filter', 'nonsense=1'])).code, 0);
    await s.ok(['rm', ...ids]);
  });

  test('ids may be abbreviated as long as they are unique; a name wins over a prefix', async () => {
    const id = await s.ok(['create', s.rootfs, 'true']);
    const named = await s.ok(['create', '--name', id.slice(0, 8), s.rootfs, 'true']);
    assert.equal(await s.ok(['inspect', '-f', '{{.Id}}', id.slice(0, 10)]), id);
    assert.equal(await s.ok(['inspect', '-f', '{{.Id}}', id.slice(0, 8)]), named);
    // With more than sixteen containers, some share their first digit.
    const many = await Promise.all(Array.from({ length: 17 }, () => s.ok(['create', s.rootfs, 'true'])));
    const first = [id, named, ...many].map((one) => one.charAt(0));
    const twice = first.find((digit, index) => first.indexOf(digit) !== index) ?? '';
    const { code, stderr } = await s.likerctl(['inspect', twice]);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`^likerctl: .*'${twice}'.*\\n$`, 'm'));
    await s.ok(['rm', id, named, ...many]);
  });

  test('inspect prints JSON of several containers, or a template; an unknown container is an error', async () => {
    await s.ok([
      'create',
      '--name',
      'seen',
      '-e',
      'A=b',
      '-w',
      '/tmp',
      ...(hasCgroups ? ['--memory', '64m'] : []),
      s.rootfs,
      'echo',
      'x',
    ]);
    const { code, stdout, stderr } = await s.likerctl(['inspect', 'seen', 'unseen', 'seen']);
    assert.equal(code, 1);
    assert.equal((JSON.parse(stdout) as unknown[]).length, 2);
    assert.match(stderr, /^likerctl: .*unseen.*\n$/);
    assert.equal(
      await s.ok([
        'inspect',
        '-f',
        '{{.Path}} {{index .Args 0}} {{.Config.WorkingDir}} {{.HostConfig.Memory}} {{range .Config.Env}}{{.}}{{end}}',
        'seen',
      ]),
      `echo x /tmp ${hasCgroups ? 64 << 20 : 0} A=b`,
    );
    const bad = await s.likerctl(['inspect', '-f', '{{.No.Such}}', 'seen']);
    assert.notEqual(bad.code, 0);
    assert.doesNotMatch(bad.stderr, /\n\s+at /);
    await s.ok(['rm', 'seen']);
  });
});

describe('logs', { concurrency: 4 }, () => {
  test('both streams are separate; --since, --until; a last line without a newline', async () => {
    const id = await s.detached([], ['sh', '-c', 'echo one; echo two >&2; echo three; printf half']);
    await s.ok(['wait', id]);
    const { stdout, stderr } = await s.likerctl(['logs', id]);
    assert.deepEqual({ stdout, stderr }, { stdout: 'one\nthree\nhalf', stderr: 'two\n' });
    const later = new Date(Date.now() + 60_000).toISOString();
    assert.equal((await s.likerctl(['logs', '--since', later, id])).stdout, '');
    assert.equal((await s.likerctl(['logs', '--until', later, id])).stdout, 'one\nthree\nhalf');
    await s.ok(['rm', id]);
  });

  test('--log-driver none stores nothing, and logs says so', async () => {
    const args = ['-i', '--name', 'unlogged', '--log-driver', 'none', s.rootfs, 'cat'];
    assert.equal((await s.likerctl(['run', ...args], { stdin: 'seen\n' })).stdout, 'seen\n');
    const [{ LogPath, HostConfig }] = JSON.parse(await s.ok(['inspect', 'unlogged']));
    assert.deepEqual([LogPath, HostConfig.LogConfig.Type], ['', 'none']);
    const { code, stderr } = await s.likerctl(['logs', 'unlogged']);
    assert.equal(code, 1);
    assert.match(stderr, /Cannot read the log of container 'unlogged': it has none/);
    await s.ok(['rm', 'unlogged']);
  });

  test('--tail and --timestamps', async () => {
    const id = await s.detached([], ['sh', '-c', 'echo one; echo two; echo three; printf half']);
    await s.ok(['wait', id]);
    assert.equal((await s.likerctl(['logs', '--tail', '1', id])).stdout, 'half');
    assert.equal((await s.likerctl(['logs', '-n', '0', id])).stdout, '');
    assert.match(
      (await s.likerctl(['logs', '-t', '--tail', '2', id])).stdout,
      /^\d{4}-\d\d-\d\dT[\d:.]+Z three\n\d{4}-\d\d-\d\dT[\d:.]+Z half$/,
    );
    await s.ok(['rm', id]);
  });

  test('-f of a container with --rm follows it to the end', async () => {
    const lines = 500_000;
    // The container is removed when it ends, so it waits until its log is being read.
    const script = `echo 0; until [ -e /go ]; do sleep 0.05; done; exec seq ${lines}`;
    const id = await s.detached(['--rm'], ['sh', '-c', script]);
    const follow = s.start(['logs', '-f', id], { hangMs: 120_000 });
    await follow.waitFor('0');
    await s.ok(['exec', id, 'touch', '/go']);
    const { code, bytes } = await follow.outcome;
    const seen = bytes.toString().trimEnd().split('\n');
    assert.deepEqual([code, seen.length, seen.at(-1)], [0, 1 + lines, String(lines)]);
  });

  test('-f follows to the end, across rotation, without a line lost or repeated', async () => {
    // More than one segment of 20 MiB, at once.
    const lines = 400_000;
    const id = await s.ok([
      'create',
      s.rootfs,
      'sh',
      '-c',
      `seq -f 'line %g of a log that is rotated, with some more words to fill it up' ${lines}`,
    ]);
    await s.ok(['start', id]);
    const follow = s.start(['logs', '-f', id], { hangMs: 120_000 });
    const { code, bytes } = await follow.outcome;
    assert.equal(code, 0);
    const seen = bytes.toString().trimEnd().split('\n');
    assert.equal(seen.length, lines);
    assert.ok(seen.every((line, index) => line.startsWith(`line ${index + 1} of`)));
    const { LogPath } = await s.inspect(id);
    assert.ok(readdirSync(LogPath).length > 1, 'the log was rotated');
    await s.ok(['rm', id]);
    assert.ok(!existsSync(LogPath));
  });

  test('-f waits for a container that has never run', async () => {
    const id = await s.ok(['create', s.rootfs, 'echo', 'at last']);
    const text = async (follow: boolean): Promise<string> => {
      let lines = '';
      for await (const { entries } of s.api.logs.ReadLogs({ container: id, follow }))
        for (const { data } of entries) lines += data.toString();
      return lines;
    };
    const followed = text(true);
    // A later call on the same connection: when it has ended, the earlier one has begun.
    assert.equal(await text(false), '');
    await s.ok(['start', id]);
    assert.equal(await followed, 'at last\n');
    await s.ok(['rm', id]);
  });

  test('only the main process is logged, not execs', async () => {
    const id = await s.detached([], ['sh', '-c', 'echo main; exec sleep 100000']);
    await logged(id, 'main');
    await s.ok(['exec', id, 'echo', 'beside']);
    assert.equal(await s.ok(['logs', id]), 'main');
    await s.ok(['rm', '-f', id]);
  });
});

describe('events', { concurrency: 2 }, () => {
  interface Event {
    readonly Seq: number;
    readonly Action: string;
    readonly id: string;
    readonly Actor: { readonly Attributes: Readonly<Record<string, string>> };
  }
  const parse = (text: string): Event[] =>
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Event);

  test('cover the life of a container in order, with details, and can be filtered', async () => {
    const id = await s.ok(['create', '--name', 'lived', '-l', 'event=yes', s.rootfs, 'sh', '-c', 'exit 4']);
    await s.ok(['start', id]);
    await s.ok(['wait', id]);
    await s.ok(['rm', id]);
    const events = parse(
      await s.ok([
        'events',
        '--since',
        '0',
        '--until',
        '0s',
        '--filter',
        `container=${id}`,
        '--format',
        'json',
      ]),
    );
    assert.deepEqual(
      events.map(({ Action }) => Action),
      ['create', 'start', 'die', 'destroy'],
    );
    assert.equal(events[2]?.Actor.Attributes['exitCode'], '4');
    assert.ok(events.every(({ Actor }) => Actor.Attributes['name'] === 'lived'));
    const dies = parse(
      await s.ok([
        'events',
        '--since',
        '0',
        '--until',
        '0s',
        '--filter',
        'event=die',
        '--filter',
        'label=event=yes',
        '--format',
        'json',
      ]),
    );
    assert.deepEqual(
      dies.map(({ id }) => id),
      [id],
    );
    assert.match(
      await s.ok(['events', '--since', '0', '--until', '0s', '--filter', `container=${id}`]),
      /^\S+Z \d+ container create [0-9a-f]{64} \(.*name=lived.*\)$/m,
    );
  });

  test('--since SEQ replays and follows without loss, in one sequence without gaps', async () => {
    const follower = s.start(['events', '--since', '0', '--format', 'json']);
    const ids: string[] = [];
    for (let index = 0; index < 10; index++) ids.push(await s.ok(['create', s.rootfs, 'true']));
    await s.ok(['rm', ...ids]);
    const last = ids.at(-1) ?? '';
    await until('the last event', () =>
      parse(follower.stdout).some(({ Action, id }) => Action === 'destroy' && id === last),
    );
    follower.kill('SIGTERM');
    await follower.outcome;
    const all = parse(follower.stdout);
    assert.deepEqual(
      all.map(({ Seq }) => Seq),
      all.map((_, index) => (all[0]?.Seq ?? 0) + index),
    );
    const middle = all[Math.floor(all.length / 2)]?.Seq ?? 0;
    const rest = parse(
      await s.ok(['events', '--since', String(middle), '--until', '0s', '--format', 'json']),
    );
    assert.equal(rest[0]?.Seq, middle + 1);
  });
});

describe('the engine', { concurrency: 2 }, () => {
  test('version and info as text, as JSON and by template', async () => {
    assert.match(await s.ok(['version']), /^Client:\n[\s\S]*\nServer:\n/);
    assert.match(await s.ok(['version', '--format', '{{.Server.Version}}']), /^\d+\.\d+\.\d+$/);
    const info = JSON.parse(await s.ok(['info', '--format', 'json'])) as Record<string, unknown>;
    assert.equal(info['RootDir'], s.daemon.root);
    assert.equal(info['DaemonPid'], s.daemon.pid);
    assert.match(String(info['CgroupLayout']), hasCgroups ? /^(v1|v2|hybrid)$/ : /^none$/);
    assert.match(await s.ok(['info']), /^Client:[\s\S]*Server:/);
  });

  test('explain prints the kernel steps before the first start', async () => {
    const id = await s.ok(['create', '--hostname', 'plan', s.rootfs, 'true']);
    const steps = await s.ok(['explain', id]);
    for (const step of ['hostname', 'pivot', 'exec']) assert.match(steps, new RegExp(`\\b${step}\\b`));
    await s.ok(['rm', id]);
  });

  test('the --help of every command has an example; unknown commands and flags get one line and 125', async () => {
    const main = await s.ok(['--help']);
    const names = [...main.matchAll(/^ {2}([a-z][a-z -]*[a-z]) {2,}\S/gm)].map(([, name = '']) => name);
    assert.ok(names.length >= 20, main);
    for (const name of names) {
      const help = await s.ok([...name.split(' '), '--help']);
      assert.match(help, /likerctl /, name);
      assert.match(help, /Example/i, name);
    }
    const { code, stderr } = await s.likerctl(['no-such-command']);
    assert.equal(code, 125);
    assert.match(stderr, /no-such-command/);
  });

  test('completion of bash, zsh and fish', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) assert.match(await s.ok(['completion', shell]), /likerctl/);
    const { execFileSync } = await import('node:child_process');
    execFileSync('bash', ['-n'], { input: await s.ok(['completion', 'bash']) });
  });
});

test('container prune removes the containers that are not running, and no others', async () => {
  const label = ['-l', 'pruned'];
  const running = await s.detached(label, sleeper);
  const ended = await s.detached(label, ['sh', '-c', 'head -c 100000 /dev/zero >/file']);
  await s.ok(['wait', ended]);
  const created = await s.ok(['create', ...label, s.rootfs, 'true']);
  const out = await s.ok(['container', 'prune', '-f', '--filter', 'label=pruned']);
  assert.match(out, /^Deleted Containers:\n/);
  assert.ok(out.includes(ended) && out.includes(created) && !out.includes(running));
  assert.match(out, /Total reclaimed space: \d/);
  assert.equal((await s.inspect(running)).State.Status, 'running');
  await s.ok(['rm', '-f', running]);
});

test('concurrent verbs on one container run one after another, and none is lost', async () => {
  const id = await s.detached([], sleeper);
  const verbs = [
    ['stop', '-t', '0'],
    ['restart', '-t', '0'],
    ['pause'],
    ['unpause'],
    ['kill'],
    ['start'],
    ['stop', '-t', '0'],
    ['start'],
  ];
  const outcomes = await Promise.all([...verbs, ...verbs].map((verb) => s.likerctl([...verb, id])));
  for (const { stderr } of outcomes) assert.doesNotMatch(stderr, /Internal|INTERNAL|\n\s+at /);
  const { Status } = (await s.inspect(id)).State;
  assert.ok(['running', 'paused', 'exited'].includes(Status), Status);
  await s.ok(['rm', '-f', id]);
});
