import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseChallenges } from './challenge.ts';

test('challenges are read in every form that servers write', () => {
  const table: [string, [string, Record<string, string>][]][] = [
    ['', []],
    ['Basic realm="Registry"', [['basic', { realm: 'Registry' }]]],
    ['Basic', [['basic', {}]]],
    [
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/debian:pull"',
      [
        [
          'bearer',
          {
            realm: 'https://auth.docker.io/token',
            service: 'registry.docker.io',
            scope: 'repository:library/debian:pull',
          },
        ],
      ],
    ],
    [
      'bearer Realm="r" , scope = "repository:a/b:pull,push"',
      [['bearer', { realm: 'r', scope: 'repository:a/b:pull,push' }]],
    ],
    ['Bearer realm=r,service=s', [['bearer', { realm: 'r', service: 's' }]]],
    [
      'Bearer realm="r", Basic realm="a \\"b\\" \\\\"',
      [
        ['bearer', { realm: 'r' }],
        ['basic', { realm: 'a "b" \\' }],
      ],
    ],
    [
      'Negotiate, Basic realm="x"',
      [
        ['negotiate', {}],
        ['basic', { realm: 'x' }],
      ],
    ],
    ['Bearer realm="unfinished', [['bearer', { realm: '"unfinished' }]]],
    ['===', []],
  ];
  for (const [header, wanted] of table) {
    const read = parseChallenges(header).map(({ scheme, parameters }) => [
      scheme,
      Object.fromEntries(parameters),
    ]);
    assert.deepEqual(read, wanted, header);
  }
});

test('hostile headers end', () => {
  for (const header of [
    ',,,,',
    ' '.repeat(10_000),
    'a='.repeat(5000),
    '"'.repeat(10_000),
    `Basic ${'\\'.repeat(10_000)}`,
  ]) {
    parseChallenges(header);
  }
});
