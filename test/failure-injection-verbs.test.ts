// If any call of likerd, libliker or the shim fails during a verb, or likerd is killed, or a connection ends, then the error
// names the failure, the container agrees with its record, nothing else is left on the host, and the same verb works the next
// time.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { Box, type BoxState, likerdEnded } from './harness/box.ts';
import { enough, Failpoint, type Outcome, type Which } from './harness/failpoints.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

const point = new Failpoint();
const s = suite({ env: point.env, args: point.args, preload: point.preload });
after(() => point[Symbol.dispose]());
const box = new Box(s);

/** Tries every call instead of some of them: `npm run endurance`. */
const all = process.env['LIKER_KILLS'] !== undefined;

interface Verb {
  readonly name: string;
  readonly from: BoxState;
  readonly act: () => Promise<unknown>;
  readonly to: BoxState;
  /** A likerd that finds the container ended waits ten seconds for the client of the killed one. */
  readonly awaitsClient?: boolean;
  /** Only in the long round. */
  readonly long?: boolean;
}

/** The program ignores this signal, so the grace period passes. */
const unheard = { signal: 'WINCH', timeoutSeconds: 1 };

const verbs: readonly Verb[] = [
  { name: 'create', from: 'absent', act: () => box.create(), to: 'created' },
  { name: 'start', from: 'created', act: () => box.start(), to: 'running' },
  { name: 'run --rm', from: 'absent', act: () => box.run(), to: 'absent', awaitsClient: true },
  { name: 'exec', from: 'running', act: () => box.exec(), to: 'running' },
  { name: 'stop', from: 'running', act: () => box.stop(), to: 'exited' },
  {
    name: 'stop -t 0',
    from: 'running',
    act: () => box.stop({ timeoutSeconds: 0 }),
    to: 'exited',
    long: true,
  },
  { name: 'stop -t 1', from: 'running', act: () => box.stop(unheard), to: 'exited', long: true },
  { name: 'kill', from: 'running', act: () => box.kill(), to: 'exited' },
  { name: 'rm', from: 'exited', act: () => box.remove(false), to: 'absent' },
  { name: 'rm -f', from: 'running', act: () => box.remove(true), to: 'absent' },
];

interface Way extends Which {
  readonly words: string;
  readonly long?: boolean;
  /** Has the same calls as another way, with another error; left out where each try takes a second. */
  readonly again?: boolean;
}

const ways: readonly Way[] = [
  { words: 'each call of likerd fails', role: 'likerd', errno: 'EIO', stride: all ? 1 : 10 },
  {
    words: 'each call of likerd fails because the disk is full',
    role: 'likerd',
    errno: 'ENOSPC',
    long: true,
    again: true,
  },
  {
    words: 'each call of likerd fails with an unexpected errno',
    role: 'likerd',
    errno: 'EILSEQ',
    long: true,
    again: true,
  },
  { words: 'likerd is killed at each of its calls', role: 'likerd', mode: 'kill', stride: all ? 1 : 40 },
  { words: 'each frame to the shim is cut', role: 'likerd', mode: 'short' },
  { words: 'each frame to the shim is garbage', role: 'likerd', mode: 'garbage' },
  { words: 'each call of libliker fails', role: 'library', stride: all ? 1 : 9 },
  { words: 'likerd is killed in each call of libliker', role: 'library', mode: 'kill', long: true },
  { words: 'each call of the shim fails', role: 'shim', stride: all ? 1 : 9 },
  { words: 'the shim is killed at each call', role: 'shim', mode: 'kill', stride: all ? 1 : 20 },
  { words: 'each frame of the shim is cut', role: 'shim', mode: 'short' },
  { words: 'each frame of the shim is garbage', role: 'shim', mode: 'garbage' },
];

const killsLikerd = ({ role, mode }: Which): boolean => mode === 'kill' && role !== 'shim';

/** One line that begins with a capital and says what was tried and why it failed; not INTERNAL, and no unknown error. */
function isTold({ error, call }: Outcome<unknown>, which: Which): void {
  if (error === null) return;
  const text = error.details ?? error.message;
  if (killsLikerd(which) && (error.code === status.UNAVAILABLE || text === likerdEnded)) return;
  // likerd could not determine the peer of the connection, and refused it.
  if (call === 'getsockopt' && error.code === status.UNAVAILABLE) return;
  assert.match(text, /^(Cannot|The (shim|end|session)|Its shim was) /);
  assert.doesNotMatch(text, /Internal error|\n/);
  const lost = /shim was lost|The shim (sent|of)|connection to its shim|without an exit frame/i.test(text);
  const why = call.endsWith('alloc') ? 'ENOMEM' : (which.errno ?? 'EDOM');
  const ofStore = call.startsWith('sql') && text.includes("the disk that holds likerd's --root");
  assert.ok(lost || ofStore || text.includes(why), `neither ${why} nor a loss`);
}

/** Only in the long round: failure-injection.test.ts covers failures of libliker and the shim during a start, too. */
const isLong = (verb: Verb, { long, role }: Way): boolean =>
  (long ?? verb.long ?? false) || (role !== 'likerd' && ['absent', 'created'].includes(verb.from));

/** Frames are few, and the shim lives as long as the container does. */
const mayBeNone = ({ name }: Verb, { role, mode = 'error' }: Which): boolean =>
  ['short', 'garbage'].includes(mode) || (role === 'shim' && ['create', 'rm'].includes(name));

for (const verb of verbs) {
  const { name, from, act, to } = verb;
  describe(name, { concurrency: 1 }, () => {
    for (const way of ways.filter(({ again }) => !(again && verb.long))) {
      const { words, long: _long, again: _again, ...which } = way;
      const skip = !all && isLong(verb, way) && 'of the long round: npm run endurance';
      test(words, { skip }, async (t) => {
        const anew = async (): Promise<void> => {
          await box.bring('absent');
          await box.bring(from);
        };
        await anew();
        const count = await point.each(
          which,
          async () => {
            await act();
            await box.settled();
          },
          async (outcome) => {
            if (killsLikerd(which)) await renewDaemon();
            isTold(outcome, which);
            // In most tries the client does not reconnect at once.
            const isAwaited = verb.awaitsClient && killsLikerd(which) && outcome.nth % 20 !== 1;
            const state = isAwaited ? null : await box.settled();
            // Not for EILSEQ, which SQLite reports like EDOM; and a killed likerd has been replaced already.
            const isOfStore = which.mode === undefined && which.errno !== 'EILSEQ';
            if (all && isOfStore && outcome.call.startsWith('sql')) {
              await renewDaemon();
              assert.equal(await box.settled(), state, 'the state after a restart of likerd');
            }
            if (state === 'orphaned' && from === 'absent')
              await until('the end of its program', async () => (await box.settled()) === to);
            // Without its shim the container can only be ended.
            if (state !== 'orphaned' || to !== 'running') {
              await act();
              assert.equal(await box.settled(), to, 'the state after another try');
            }
            await box.bring(from);
          },
          async () => {
            await renewDaemon();
            await anew();
          },
        );
        t.diagnostic(`${name}: ${words}: ${count} calls`);
        assert.ok(count > 0 || mayBeNone(verb, which), 'no call was made to fail');
        if (which.mode === undefined || killsLikerd(which)) await renewDaemon();
        assert.equal(await box.settled(), to, 'the state at the end, also for a new likerd');
      });
    }
  });
}

test('an exec waits while the connection to the shim is being restored', async () => {
  await box.bring('absent');
  await box.bring('running');
  const { ShimPid: shim } = (await s.inspect('box')).State;
  try {
    await point.each(
      { role: 'likerd', mode: 'short' },
      () => {
        process.kill(shim, 'SIGSTOP');
        return box.exec();
      },
      async ({ error }) => {
        assert.match(String(error), /its shim was lost before it answered/);
        const second = box.exec();
        // By then the call has been handled.
        await box.state();
        process.kill(shim, 'SIGCONT');
        await second;
        return enough;
      },
    );
  } finally {
    process.kill(shim, 'SIGCONT');
  }
  assert.equal(await box.settled(), 'running');
});

test('a run --rm whose client and likerd die before the start leaves no container', async (t) => {
  if (!all) return t.skip('ten seconds for the client to come back; of the long round: npm run endurance');
  await box.bring('absent');
  await point.each({ role: 'likerd', mode: 'kill', stride: 5 }, box.run.bind(box), async () => {
    await renewDaemon();
    if ((await box.state()) !== 'created') return box.bring('absent');
    await until('its removal', async () => (await box.state()) === 'absent');
    return enough;
  });
  assert.equal(await box.settled(), 'absent');
});

/** Replaces the likerd, which it kills unless it is dead already. */
async function renewDaemon(): Promise<void> {
  await s.daemon.kill9();
  await s.daemon.start();
}
