import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  formatIdMaps,
  type IdRun,
  keepIdMaps,
  keepOwnMaps,
  parseIdMaps,
  rangeMaps,
  toInside,
  toOutside,
  within,
} from './id-maps.ts';

suite('id maps', () => {
  test('an id is found on both sides, and outside of all runs on none', () => {
    const { uids } = rangeMaps(600_000);
    for (const [inside, outside] of [
      [0, 600_000],
      [1000, 601_000],
      [65_535, 665_535],
    ] as const) {
      assert.equal(toOutside(uids, inside), outside);
      assert.equal(toInside(uids, outside), inside);
    }
    assert.equal(toOutside(uids, 65_536), null);
    for (const outside of [0, 599_999, 665_536]) assert.equal(toInside(uids, outside), null);
  });

  test('keep-id leaves the user and the group as they are, and the others in the range', () => {
    const { uids, gids } = keepIdMaps(600_000, { uid: 1000, gid: 100 });
    assert.equal(toOutside(uids, 1000), 1000);
    assert.equal(toOutside(gids, 100), 100);
    for (const id of [0, 999, 1001, 65_535]) assert.equal(toOutside(uids, id), 600_000 + id);
    assert.equal(toInside(uids, 601_000), null, 'the place of the kept id is nobody’s');
    assert.equal(typeof parseIdMaps(formatIdMaps({ uids, gids })), 'object', 'the kernel would take it');
  });

  test('keep-id of the last id of the range, and of one beyond it', () => {
    assert.deepEqual(keepIdMaps(600_000, { uid: 65_535, gid: 70_000 }), {
      uids: [
        { inside: 0, outside: 600_000, count: 65_535 },
        { inside: 65_535, outside: 65_535, count: 1 },
      ],
      gids: [
        { inside: 0, outside: 600_000, count: 65_536 },
        { inside: 70_000, outside: 70_000, count: 1 },
      ],
    });
  });

  test('a map in terms of another becomes one of the host, and is cut where the other ends', () => {
    const outer: IdRun[] = [
      { inside: 0, outside: 600_000, count: 1000 },
      { inside: 1000, outside: 1000, count: 1 },
    ];
    assert.deepEqual(within([{ inside: 5000, outside: 998, count: 10 }], outer), [
      { inside: 5000, outside: 600_998, count: 2 },
      { inside: 5002, outside: 1000, count: 1 },
    ]);
    assert.deepEqual(within([{ inside: 0, outside: 2000, count: 10 }], outer), []);
  });

  test('texts of maps', () => {
    const uids = [
      { inside: 0, outside: 1000, count: 1 },
      { inside: 1, outside: 100_000, count: 65_535 },
    ];
    const gids = [{ inside: 0, outside: 500, count: 2 }];
    for (const [text, maps] of [
      ['uids=0-1000-1#1-100000-65535;gids=0-500-2', { uids, gids }],
      ['gids=0-500-2;uids=0-1000-1#1-100000-65535', { uids, gids }],
      ['uids=0-1000-1#1-100000-65535', { uids, gids: uids }],
      ['gids=0-500-2', { uids: gids, gids }],
      ['0:500:2', { uids: gids, gids }],
      ['0:1000:1#1:100000:65535', { uids, gids: uids }],
    ] as const) {
      assert.deepEqual(parseIdMaps(text), maps, text);
      assert.deepEqual(parseIdMaps(formatIdMaps(maps)), maps, text);
    }
  });

  test('texts that are no map', () => {
    for (const text of [
      '',
      'auto',
      '0',
      '0:1',
      '0:1:2:3',
      '0:1:-2',
      '0-1-2',
      ' 0:1:2',
      '0:1:2\n',
      '0:0x10:2',
      '0:1e3:2',
      '0::2',
      '0:1:2#',
      '0:99999999999:1',
      'uids=',
      'uids=0:1:2',
      'uids=0-1-2;',
      'uids=0-1-2,gids=0-1-2',
      'pids=0-1-2',
      'uids=0-1-2;gids=0-1-2;x',
    ])
      assert.equal(parseIdMaps(text), null, text);
  });

  test('maps that the kernel would refuse, and why', () => {
    const runs = Array.from({ length: 341 }, (_, index) => `${index}:${index}:1`).join('#');
    const longRuns = Array.from({ length: 180 }, (_, index) => `${1e9 + index}:${2e9 + index}:100`).join('#');
    for (const [text, why] of [
      ['0:1000:0', /of no ids/],
      ['0:4294967295:1', /beyond the last id/],
      ['4294967290:0:6', /beyond the last id/],
      ['0:1000:4294967295', /beyond the last id/],
      ['0:1000:10#5:2000:10', /uids have the runs 0-1000-10 and 5-2000-10, which overlap inside/],
      [
        'uids=0-1-1;gids=20-1009-1#0-1000-10',
        /gids have the runs 0-1000-10 and 20-1009-1, which overlap outside/,
      ],
      ['uids=0-1-1;uids=0-1-1', /uids twice/],
      [runs, /341 runs/],
      [longRuns, /take 4680 bytes/],
    ] as const) {
      const reason = parseIdMaps(text);
      assert.equal(typeof reason, 'string', text);
      assert.match(String(reason), why);
    }
    assert.equal(typeof parseIdMaps('0:4294967294:1'), 'object');
  });
});

test('around the user of likerd, who is 0 in its own user namespace, his subordinate ids follow one another', () => {
  const { uids, gids } = keepOwnMaps({ uid: 1000, gid: 3 }, 65_536);
  assert.deepEqual(uids, [
    { inside: 0, outside: 1, count: 1000 },
    { inside: 1000, outside: 0, count: 1 },
    { inside: 1001, outside: 1001, count: 64_535 },
  ]);
  assert.deepEqual(gids[1], { inside: 3, outside: 0, count: 1 });
  assert.equal(typeof parseIdMaps(formatIdMaps({ uids, gids })), 'object');
  const few = keepOwnMaps({ uid: 1000, gid: 100_000 }, 10);
  assert.deepEqual(few.uids, [
    { inside: 0, outside: 1, count: 10 },
    { inside: 1000, outside: 0, count: 1 },
  ]);
  assert.deepEqual(few.gids, [
    { inside: 0, outside: 1, count: 10 },
    { inside: 100_000, outside: 0, count: 1 },
  ]);
});
