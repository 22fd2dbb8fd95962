// Tests in which each call fails during a verb of images or files, or likerd or a helper is killed there: the error names the failure, no row lacks its
// file, the same verb works the next time, and nothing is left that belongs to no row.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { Api } from './api.ts';
import type { Role } from './failpoint.ts';
import type { Failpoint, Outcome, Which } from './failpoints.ts';
import { accountOf } from './image-store.ts';
import type { Suite } from './suite.ts';
import { until } from './until.ts';

export interface Verb {
  readonly name: string;
  /** Brings about what it needs, whatever an earlier try has left. */
  readonly ready: () => Promise<unknown>;
  readonly act: () => Promise<unknown>;
  /** What it does is there, and all that was there before. */
  readonly check: () => Promise<unknown>;
  /** Whose calls it has. */
  readonly roles: readonly Role[];
}

interface Way extends Which {
  readonly words: string;
}

/** Tries every call instead of some of them: `npm run endurance`. */
const all = process.env['LIKER_KILLS'] !== undefined;

const ways: readonly Way[] = [
  { words: 'each call of likerd fails', role: 'likerd', errno: 'EIO', stride: all ? 1 : 3 },
  { words: 'each later call of likerd fails', role: 'later', errno: 'EIO', stride: all ? 1 : 3 },
  { words: 'the disk is full at each later call', role: 'later', errno: 'ENOSPC', stride: all ? 1 : 5 },
  { words: 'likerd is killed at each of its calls', role: 'likerd', mode: 'kill', stride: all ? 1 : 7 },
  { words: 'likerd is killed at each later call', role: 'later', mode: 'kill', stride: all ? 1 : 7 },
  { words: 'each call of libliker fails', role: 'library', stride: all ? 1 : 2 },
  { words: 'likerd is killed in each call of libliker', role: 'library', mode: 'kill', stride: all ? 1 : 5 },
  { words: 'each call of liker-unpack fails', role: 'unpack', stride: all ? 1 : 19 },
  { words: 'the disk is full for liker-unpack', role: 'unpack', errno: 'ENOSPC', stride: all ? 1 : 23 },
  { words: 'liker-unpack is killed at each call', role: 'unpack', mode: 'kill', stride: all ? 1 : 29 },
  { words: 'each call of liker-pack fails', role: 'pack', stride: all ? 1 : 17 },
  { words: 'the disk is full for liker-pack', role: 'pack', errno: 'ENOSPC', stride: all ? 1 : 23 },
  { words: 'liker-pack is killed at each call', role: 'pack', mode: 'kill', stride: all ? 1 : 31 },
  { words: 'each call of liker-tree fails', role: 'tree', stride: all ? 1 : 11 },
  { words: 'liker-tree is killed at each call', role: 'tree', mode: 'kill', stride: all ? 1 : 19 },
];

const helpers: readonly Role[] = ['unpack', 'pack', 'tree'];
const killsLikerd = ({ role, mode }: Which): boolean => mode === 'kill' && !helpers.includes(role);

/** One line that says what was tried and why it failed; not INTERNAL, unless a helper was killed. */
function isTold({ error, call }: Outcome<unknown>, which: Which): void {
  if (error === null) return;
  // likerd could not determine the peer of the connection, and refused it.
  if (call === 'getsockopt' && error.code === status.UNAVAILABLE) return;
  const text = error.details ?? error.message;
  if (killsLikerd(which) && error.code === status.UNAVAILABLE) return;
  assert.match(text, /^(Cannot|The|liker-unpack|liker-pack|liker-tree) /);
  assert.doesNotMatch(text, /Internal error|\n/);
}

/** Calls by clients of their own: a killed likerd takes the connection with it. */
export async function using<T>(s: Suite, work: (api: Api) => Promise<T>): Promise<T> {
  using api = new Api(s.daemon);
  return await work(api);
}

export function failEach(
  s: Suite,
  point: Failpoint,
  verbs: readonly Verb[],
  clear: () => Promise<unknown>,
): void {
  const renewDaemon = async (): Promise<void> => {
    await s.daemon.kill9();
    await s.daemon.start();
  };
  for (const { name, roles, ready, act, check } of verbs)
    describe(name, { concurrency: 1 }, () => {
      for (const { words, ...which } of ways.filter(({ role }) => roles.includes(role)))
        test(words, async (t) => {
          await ready();
          const calls: string[] = [];
          const count = await point.each(
            which,
            act,
            async (outcome) => {
              calls.push(outcome.call);
              if (killsLikerd(which)) await renewDaemon();
              isTold(outcome, which);
              if (outcome.error === null) await check();
              const { strange, missing } = accountOf(s.daemon.root);
              assert.deepEqual(missing, [], 'rows without files');
              if (killsLikerd(which)) assert.deepEqual(strange, [], 'files without rows after a start');
              await act();
              await check();
              await ready();
            },
            async () => {
              await renewDaemon();
              await ready();
            },
          );
          t.diagnostic(`${name}: ${words}: ${count} calls: ${[...new Set(calls)].join(' ')}`);
          assert.ok(count > 0, 'no call was made to fail');
          // What could not be removed is removed at the next start. The unlinking goes on after the last try, and a kill may come in it.
          if (killsLikerd(which) || accountOf(s.daemon.root).strange.length > 0) await renewDaemon();
          assert.deepEqual(accountOf(s.daemon.root), { strange: [], missing: [] });
          await clear();
          await until('the files to be gone', () => accountOf(s.daemon.root).strange.length === 0);
        });
    });
}
