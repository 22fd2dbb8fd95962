import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfiguration } from '../model/configuration.ts';
import { applyChanges } from './changes.ts';

const { config } = parseConfiguration(
  Buffer.from(
    JSON.stringify({
      rootfs: {},
      config: { Env: ['PATH=/bin', 'A=1'], Cmd: ['old'], WorkingDir: '/srv', Labels: { a: 'b' } },
    }),
  ),
  'it',
);

const nothing = { Interval: 0, Timeout: 0, StartPeriod: 0, StartInterval: 0, Retries: 0 };

const cases: readonly (readonly [changes: readonly string[], changed: unknown])[] = [
  [['CMD ["/bin/a", "b c"]'], { Cmd: ['/bin/a', 'b c'] }],
  [['cmd a $b "c"'], { Cmd: ['/bin/sh', '-c', 'a $b "c"'] }],
  [['CMD [bad'], { Cmd: ['/bin/sh', '-c', '[bad'] }],
  [['CMD []'], { Cmd: [] }],
  [['ENTRYPOINT ["/e"]'], { Entrypoint: ['/e'], Cmd: null }],
  [['CMD ["c"]', 'ENTRYPOINT ["/e"]'], { Entrypoint: ['/e'], Cmd: ['c'] }],
  [[`ENV B=2 C="x y" D=$A-\${A} PATH=$PATH:/x`], { Env: ['PATH=/bin:/x', 'A=1', 'B=2', 'C=x y', 'D=1-1'] }],
  [['ENV B one  two'], { Env: ['PATH=/bin', 'A=1', 'B=one  two'] }],
  [
    [`ENV A=\${NONE:-else} B=\${A:+set} C=\${NONE} D=\\$A E='$A'`],
    {
      Env: ['PATH=/bin', 'A=else', 'B=set', 'C=', 'D=$A', 'E=$A'],
    },
  ],
  [['ENV A=2 B=$A', 'ENV C=$A'], { Env: ['PATH=/bin', 'A=2', 'B=1', 'C=2'] }],
  [
    ['EXPOSE 80 443/tcp 53/udp', 'EXPOSE 8000-8002'],
    {
      ExposedPorts: {
        '80/tcp': {},
        '443/tcp': {},
        '53/udp': {},
        '8000/tcp': {},
        '8001/tcp': {},
        '8002/tcp': {},
      },
    },
  ],
  [
    ['LABEL b=c "with blank"="d e" __proto__=f'],
    {
      Labels: Object.fromEntries([
        ['a', 'b'],
        ['b', 'c'],
        ['with blank', 'd e'],
        ['__proto__', 'f'],
      ]),
    },
  ],
  [['ONBUILD RUN make', 'ONBUILD CMD x'], { OnBuild: ['RUN make', 'CMD x'] }],
  [['STOPSIGNAL SIGQUIT'], { StopSignal: 'SIGQUIT' }],
  [['USER nobody:$A'], { User: 'nobody:1' }],
  [['VOLUME ["/a", "/b c"]', 'VOLUME /d /e'], { Volumes: { '/a': {}, '/b c': {}, '/d': {}, '/e': {} } }],
  [['WORKDIR sub/../x'], { WorkingDir: '/srv/x' }],
  [['WORKDIR /a', 'WORKDIR b'], { WorkingDir: '/a/b' }],
  [['HEALTHCHECK NONE'], { Healthcheck: { ...nothing, Test: ['NONE'] } }],
  [
    ['HEALTHCHECK --interval=5m --retries=4 CMD curl -f localhost'],
    {
      Healthcheck: { ...nothing, Test: ['CMD-SHELL', 'curl -f localhost'], Interval: 3e11, Retries: 4 },
    },
  ],
  [
    ['HEALTHCHECK --start-period=1s cmd ["/h"]'],
    {
      Healthcheck: { ...nothing, Test: ['CMD', '/h'], StartPeriod: 1e9 },
    },
  ],
  [['# a comment\n\nUSER \\\n  1000\n'], { User: '1000' }],
  [[], {}],
];

test('changes are read as Docker reads them', () => {
  for (const [changes, changed] of cases)
    assert.deepEqual(applyChanges(config, changes), changed, changes.join('\n'));
});

test('other changes are refused, with the reason', () => {
  for (const [change, message] of [
    ['RUN make', /RUN is none of CMD, ENTRYPOINT/],
    ['__proto__ x', /is none of/],
    ['CMD', /CMD needs a value/],
    ['ENV A', /no NAME=VALUE/],
    ['ENV A=1 B', /'B' is no NAME=VALUE/],
    ['ENV =1', /a name is empty/],
    ['ENV A="1', /not closed/],
    [`ENV A=\${A`, /no variable/],
    [`ENV A=\${NONE:?why}`, /'NONE' is not set: why/],
    ['EXPOSE 0', /no port/],
    ['EXPOSE 70000', /no port/],
    ['EXPOSE 9-8', /no port/],
    ['VOLUME a', /no absolute path/],
    ['USER $NONE', /the value is empty/],
    ['STOPSIGNAL x', /signal/],
    ['ONBUILD FROM x', /FROM cannot be a trigger/],
    ['HEALTHCHECK CMD', /write CMD and a command/],
    ['HEALTHCHECK --every=1s CMD x', /--every is none of its flags/],
    ['HEALTHCHECK --interval=1 CMD x', /give a duration/],
    [Array(201).fill('USER a').join('\n'), /more than 200/],
  ] as const)
    assert.throws(() => applyChanges(config, [change]), { reason: 'BAD_ARGUMENT', message }, change);
});
