import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Log } from './log.ts';
import { type LoggingOptions, openLog } from './logging.ts';

/** The lines that `write` makes. */
async function lines(options: Partial<LoggingOptions>, write: (log: Log) => void): Promise<string[]> {
  let text = '';
  const output = new PassThrough().on('data', (data) => {
    text += data;
  });
  write(openLog({ level: 'info', format: 'text', journal: false, output, ...options }));
  await setImmediate();
  return text.split('\n').slice(0, -1);
}

test('a line has time, level, message and fields, and stays one line', async () => {
  const [line, ...rest] = await lines({}, (log) =>
    log.info('call', { method: 'Run', container: 'a b', text: 'x\ny', ms: 1.5, none: undefined, n: 5n }),
  );
  assert.deepEqual(rest, []);
  assert.match(
    line ?? '',
    /^\d{4}-\d\d-\d\dT[\d:.]+Z info call method=Run container="a b" text="x\\ny" ms=1\.5 n="?5"?$/,
  );
});

test('as JSON each line is an object', async () => {
  const [line] = await lines({ format: 'json' }, (log) =>
    log.warn('limit', { n: 5n, error: new Error('why') }),
  );
  const entry = JSON.parse(line ?? '') as Record<string, string>;
  assert.equal(entry['level'], 'warn');
  assert.equal(entry['message'], 'limit');
  assert.equal(entry['n'], '5');
  assert.match(entry['error'] ?? '', /Error: why\n\s+at /);
  assert.ok(!Number.isNaN(Date.parse(entry['time'] ?? '')));
});

test('the journal gets priorities and adds the time itself', async () => {
  const written = await lines({ journal: true, level: 'debug' }, (log) => {
    log.error('a');
    log.warn('b', { x: 1 });
    log.info('c');
    log.debug('d');
  });
  assert.deepEqual(written, ['<3>a', '<4>b x=1', '<6>c', '<7>d']);
});

test('lines below the level are omitted', async () => {
  assert.deepEqual(
    await lines({ level: 'warn', journal: true }, (log) => {
      log.info('no');
      log.debug('no');
      log.error('yes');
    }),
    ['<3>yes'],
  );
});
