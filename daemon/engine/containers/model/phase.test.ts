import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LikerError } from '../../../../common/errors.ts';
import { may, requirePhase, type State, type Verb } from './phase.ts';

const main = { pid: 1, startTime: '1' };
const paused = { state: 'paused', startedAt: 1, main, shimPid: 2 } as const;

test('the error of an invalid transition names container, verb and phase, and says what to do', () => {
  assert.throws(
    () => requirePhase('exec', { id: 'a'.repeat(64), name: 'web', phase: paused }),
    (error: unknown) =>
      error instanceof LikerError &&
      error.reason === 'WRONG_STATE' &&
      error.message === "Cannot exec in container 'web': it is paused; unpause it first" &&
      error.metadata['state'] === 'paused' &&
      error.metadata['verb'] === 'exec',
  );
});

test('each verb is allowed only in its phases', () => {
  const states: State[] = ['created', 'running', 'paused', 'orphaned', 'exited', 'restarting'];
  const expected: Partial<Record<Verb, State[]>> = {
    start: ['created', 'exited', 'restarting'],
    pause: ['running'],
    resume: ['paused'],
    exec: ['running'],
    remove: ['created', 'exited'],
  };
  for (const [verb, wanted] of Object.entries(expected)) {
    assert.deepEqual(
      states.filter((state) => may(verb as Verb, state)),
      wanted,
    );
  }
});
