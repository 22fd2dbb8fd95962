import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import type { Connection, Method } from './connection.ts';
import { upload } from './upload.ts';

/** A call that has no room after each request, and ends well when it has all. */
class FullCall extends EventEmitter {
  readonly #all = Promise.withResolvers<void>();
  readonly counts: number[] = [];
  readonly writable = true;

  write(): boolean {
    setImmediate(() => {
      this.counts.push(this.listenerCount('drain') + this.listenerCount('close'));
      this.emit('drain');
    });
    return false;
  }

  end(): void {
    this.#all.resolve();
  }

  cancel(): void {}

  async *messages(): AsyncGenerator<string> {
    await this.#all.promise;
    yield 'taken';
  }
}

test('an upload that waits for room again and again leaves no listeners behind', async () => {
  const call = new FullCall();
  const connection = { agree: async () => {}, bidiStream: () => call } as unknown as Connection;
  async function* requests() {
    for (let index = 0; index < 20; index++) yield index;
  }
  const answers = await Array.fromAsync(upload(connection, {} as Method<number, string>, requests()));
  assert.deepEqual(answers, ['taken']);
  assert.deepEqual(call.counts, Array(20).fill(2));
});

test('an answer that comes before all is sent ends an upload, though there will be no more room', {
  timeout: 10_000,
}, async () => {
  const call = Object.assign(new EventEmitter(), {
    write: () => false,
    async *messages() {
      yield 'taken';
    },
    end() {},
    cancel() {},
  });
  const connection = { agree: async () => {}, bidiStream: () => call } as unknown as Connection;
  async function* requests() {
    while (true) yield 'piece';
  }
  const answers = await Array.fromAsync(upload(connection, {} as Method<string, string>, requests()));
  assert.deepEqual(answers, ['taken']);
});

test('an answer that comes while the source of an upload has nothing more to give ends it', {
  timeout: 10_000,
}, async () => {
  const call = Object.assign(new EventEmitter(), {
    write: () => true,
    async *messages() {
      yield 'taken';
    },
    end() {},
    cancel() {},
  });
  const connection = { agree: async () => {}, bidiStream: () => call } as unknown as Connection;
  async function* requests() {
    yield 'piece';
    await new Promise<never>(() => {});
  }
  const answers = await Array.fromAsync(upload(connection, {} as Method<string, string>, requests()));
  assert.deepEqual(answers, ['taken']);
});
