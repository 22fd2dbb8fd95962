import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { readElf } from '../client/rootfs/elf.ts';
import { unescapeOctal } from '../common/octal.ts';
import { activeHierarchies, ownUnifiedPath, parseHierarchies } from '../daemon/kernel/cgroup/mounts.ts';
import { parseThrottling, parseUsageV1, parseUsageV2 } from '../daemon/kernel/cgroup/stats/cpu.ts';
import { parseHugetlb } from '../daemon/kernel/cgroup/stats/hugetlb.ts';
import { parseIoV1, parseIoV2 } from '../daemon/kernel/cgroup/stats/io.ts';
import { parseMemoryV1, parseMemoryV2 } from '../daemon/kernel/cgroup/stats/memory.ts';
import { parsePids } from '../daemon/kernel/cgroup/stats/pids.ts';
import { parsePressure } from '../daemon/kernel/cgroup/stats/pressure.ts';
import { parseMounts } from '../daemon/kernel/mount/mountinfo.ts';
import { parseNetDev } from '../daemon/kernel/proc/net-dev.ts';
import { processFacts } from '../daemon/kernel/proc/processes.ts';
import { parseCapabilities } from '../daemon/kernel/security/capabilities.ts';
import { parseHardLimits } from '../daemon/kernel/security/rlimits.ts';
import { parseProfile } from '../daemon/kernel/security/seccomp/profile.ts';
import {
  formatIdMaps,
  type IdRun,
  parseIdMaps,
  toInside,
  toOutside,
  within,
} from '../daemon/kernel/users/id-maps.ts';
import { IdPool, inBoth, joined, without } from '../daemon/kernel/users/id-pool.ts';
import { parseMap } from '../daemon/kernel/users/own-maps.ts';
import { parseSubids } from '../daemon/kernel/users/subid.ts';
import { parseEntry } from '../daemon/storage/logfile/parse.ts';
import { LogReader } from '../daemon/storage/logfile/reader.ts';
import { accepted, bytesOf, holds, textOf } from './property.ts';

const folder = mkdtempSync(join(tmpdir(), 'liker-fuzz-'));
after(() => rmSync(folder, { recursive: true }));

test('mounts', () => {
  const name = fc
    .string({ unit: 'binary-ascii', minLength: 1 })
    .map((text) => `/${text.replaceAll('\0', '')}`);
  const escaped = (text: string) =>
    text.replaceAll(/[ \t\n\\]/g, (one) => `\\${one.charCodeAt(0).toString(8).padStart(3, '0')}`);
  holds(fc.array(fc.tuple(fc.nat(9999), name, fc.boolean()), { maxLength: 5 }), (mounts) => {
    const text = mounts
      .map(
        ([id, path, shared]) =>
          `${id} 1 8:1 / ${escaped(path)} rw ${shared ? 'shared:2 ' : ''}- ext4 /dev/a rw\n`,
      )
      .join('');
    assert.deepEqual(
      parseMounts(text).map(({ id, mountPoint, isShared }) => [id, mountPoint, isShared]),
      mounts,
    );
  });
  const pieces = [
    '25 1 0:22 / /sys/fs/cgroup rw',
    ' - ',
    'cgroup',
    'cgroup2',
    ' rw,cpu,name=systemd',
    '\n',
    '\\040',
    'shared:1',
    '0::/a',
  ];
  holds(textOf(...pieces), (text) => {
    assert.ok(parseMounts(text).every(({ mountPoint }) => typeof mountPoint === 'string'));
    assert.ok(parseHierarchies(text).every(({ version }) => version === 1 || version === 2));
    assert.match(ownUnifiedPath(text), /^\//);
    assert.ok(activeHierarchies(text).length <= text.length);
    assert.equal(unescapeOctal(escaped(text)), text);
  });
});

test('figures of control groups, networks and processes', () => {
  const keys = [
    'usage_usec',
    'nr_periods',
    'throttled_usec',
    'anon',
    'file',
    'total_rss',
    'inactive_file',
    'oom_kill',
    'some avg10=0.00 avg60=1.5 avg300=0.00 total=',
  ];
  const lines = [
    '254:0 rbytes=',
    ' wbytes=',
    'rios=',
    ' wios=',
    '254:0 Read',
    'Total',
    'max',
    'eth0:',
    ' ',
    '\n',
    '12',
    '9223372036854771712',
  ];
  holds(fc.array(fc.option(textOf(...keys, ...lines)), { minLength: 6, maxLength: 6 }), (texts) => {
    const [first = null, second = null, third = null] = texts;
    for (const figures of [parseUsageV2(first), parseUsageV1(first, second, third), parseThrottling(first)])
      assert.equal(typeof figures, 'object');
    for (const figures of [parseMemoryV2(texts), parseMemoryV1(texts), parsePressure(first)])
      assert.equal(typeof figures, 'object');
    for (const figures of [parsePids(texts), parseHugetlb('2MB', texts)])
      assert.ok(figures === null || typeof figures === 'object');
    for (const devices of [parseIoV2(first), parseIoV1(first, second), parseNetDev(first ?? '')])
      assert.ok(devices === null || Array.isArray(devices));
  });
  holds(fc.tuple(fc.maxSafeNat(), fc.maxSafeNat(), fc.maxSafeNat()), ([usage, user, system]) => {
    const text = `usage_usec ${usage}\nuser_usec ${user}\nsystem_usec ${system}\nnice_usec 0\n`;
    assert.deepEqual(parseUsageV2(text), { usageUs: usage, userUs: user, systemUs: system });
  });
  const stat = textOf('7 (', 'a)', ') S', ' 1', ' 4294967295', 'Uid:\t', 'NSpid:', 'VmRSS:', '\n', '\0');
  holds(fc.tuple(stat, stat, stat), ([one, status, cmdline]) => {
    const facts = processFacts({ pid: 7, stat: one, status, cmdline }, 0);
    assert.ok(facts.args.every((arg) => !arg.includes('\0')));
  });
  const rights = textOf(
    'CapBnd:\t',
    'CapEff:\t',
    '000001ffffffffff',
    '\n',
    'Limit',
    'Max',
    ' unlimited ',
    '1024',
  );
  holds(rights, (text) => {
    assert.ok(parseCapabilities(text) >= 0n);
    assert.ok(parseHardLimits(text).every((limit) => limit >= 0n));
  });
});

test('maps of user namespaces', () => {
  const number = fc.constantFrom('0', '1', '1000', '65536', '100000', '4294967294', '4294967295');
  const run = fc.tuple(number, number, number).map((numbers) => numbers.join('-'));
  const list = fc.array(run, { minLength: 1, maxLength: 3 }).map((runs) => runs.join('#'));
  const maps = fc.oneof(
    fc.tuple(list, list).map(([uids, gids]) => `uids=${uids};gids=${gids}`),
    textOf('uids=', 'gids=', '0-1000-1', '#', ';', ':', '0:1:2', '1-100000-65535'),
  );
  holds(maps, (text) => {
    const parsed = parseIdMaps(text);
    if (parsed === null || typeof parsed === 'string') return;
    assert.deepEqual(parseIdMaps(formatIdMaps(parsed)), parsed);
    for (const runs of [parsed.uids, parsed.gids])
      for (const { inside, count } of runs)
        for (const id of [inside, inside + count - 1]) {
          const outside = toOutside(runs, id);
          assert.ok(outside !== null && toInside(runs, outside) === id, 'each id has one on the other side');
        }
  });
  const runs = (max: number) =>
    fc.array(fc.record({ inside: fc.nat(max), outside: fc.nat(max), count: fc.integer({ min: 1, max }) }), {
      maxLength: 1,
    });
  holds(fc.tuple(runs(40), runs(40), fc.nat(60)), ([inner, outer, id]) => {
    const both: readonly IdRun[] = within(inner, outer);
    const middle = toOutside(inner, id);
    assert.equal(toOutside(both, id), middle === null ? null : toOutside(outer, middle));
  });
  holds(textOf('         0', ' ', '100000', '65536', '\n'), (text) => {
    assert.ok(parseMap(text).every(({ count }) => typeof count === 'number'));
  });
});

test('pools of ids', () => {
  holds(textOf('liker', ':', '100000', '65536', '\n', '#'), (text) => {
    const { ranges, problems } = parseSubids(text, '/etc/subuid');
    assert.ok(ranges.every(({ start, count }) => count > 0 && start + count < 2 ** 32));
    assert.ok(problems.every((problem) => problem.startsWith('Line ')));
  });
  const size = 65_536;
  const span = fc
    .record({ start: fc.nat(20), count: fc.nat(8) })
    .map(({ start, count }) => ({ start: start * 30_000, count: count * 40_000 }));
  const spans = fc.array(span, { maxLength: 4 });
  const has = (some: readonly { start: number; count: number }[], id: number) =>
    some.some(({ start, count }) => id >= start && id < start + count);
  holds(fc.tuple(spans, spans, fc.nat(1_000_000)), ([some, others, id]) => {
    assert.equal(has(joined(some), id), has(some, id));
    assert.equal(has(inBoth(some, others), id), has(some, id) && has(others, id));
    const rest = new IdPool('test', without(some, others)).pick([], (below) => id % below);
    if (rest !== null) assert.ok([rest, rest + size - 1].every((at) => has(some, at) && !has(others, at)));
    const pool = new IdPool('test', some);
    const start = pool.pick(others, (below) => id % below);
    assert.equal(start === null, pool.free(others) <= 0);
    if (start === null) return;
    for (const at of [start, start + size - 1])
      assert.ok(has(some, at) && !has(others, at), 'a range of its own');
  });
});

test('logs', () => {
  const line = bytesOf(
    '2026-01-02T03:04:05',
    '.000000001',
    'Z ',
    'stdout ',
    'stderr ',
    'F ',
    'P ',
    'F:lost ',
    '12',
    'text',
    '\r',
  );
  holds(line, (bytes) => {
    const entry = parseEntry(bytes);
    if (entry === null) return;
    assert.ok(
      entry.text.length <= bytes.length && Number.isSafeInteger(entry.lostBytes) && entry.lostBytes >= 0,
    );
  });
  const file = join(folder, '00000001.log');
  const text = fc
    .uint8Array({ maxLength: 30 })
    .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 10 ? 0 : byte))));
  holds(
    fc.array(fc.tuple(text, fc.boolean()), { maxLength: 8 }),
    (entries) => {
      const lines = entries.map(([bytes, partial]) =>
        Buffer.concat([
          Buffer.from(`2026-01-02T03:04:05.5Z stdout ${partial ? 'P' : 'F'} `),
          bytes,
          Buffer.from('\n'),
        ]),
      );
      writeFileSync(file, Buffer.concat(lines));
      using reader = new LogReader(folder);
      const read = [];
      for (let some = reader.read(); some !== null; some = reader.read()) read.push(...some);
      assert.deepEqual(
        read.map((entry) => [entry.text, entry.partial]),
        entries,
      );
    },
    200,
  );
});

test('seccomp profiles', () => {
  const names = [
    'defaultAction',
    'architectures',
    'archMap',
    'syscalls',
    'names',
    'name',
    'action',
    'args',
    'index',
    'value',
    'valueTwo',
    'op',
    'includes',
    'excludes',
    'caps',
    'arches',
    'minKernel',
    'errnoRet',
    'flags',
    'listenerPath',
  ];
  const words = [
    'SCMP_ACT_ALLOW',
    'SCMP_ACT_ERRNO',
    'SCMP_ARCH_X86_64',
    'SCMP_CMP_EQ',
    'read',
    'CAP_SYS_ADMIN',
    'amd64',
    '4.8',
    'EPERM',
    '__proto__',
  ];
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(...words, 0, 1, -1, 38, 4096, 1.5, 2 ** 64, null, true),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 5 }),
    ),
  }));
  const profile = fc.oneof(
    value,
    fc.record({
      defaultAction: fc.constantFrom('SCMP_ACT_ERRNO', 'SCMP_ACT_ALLOW'),
      syscalls: fc.array(value, { maxLength: 3 }),
    }),
    fc.array(value).map((syscalls) => ({
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: syscalls.map((rule) => ({ names: ['read'], action: 'SCMP_ACT_LOG', ...(rule as object) })),
    })),
  );
  holds(
    fc.oneof(
      profile.map((parsed) => JSON.stringify(parsed)),
      textOf('{', '}', '"defaultAction":', '"a"', '[', ']', ','),
    ),
    (json) => {
      const parsed = accepted(() => parseProfile(json));
      if (parsed !== undefined) assert.ok(parsed.rules.every(({ names: all }) => all.length > 0));
    },
    2000,
  );
});

test('programs, when a root file system is built', () => {
  const head = Buffer.from('\x7fELF\x02\x01\x01', 'latin1');
  holds(
    fc.tuple(fc.boolean(), fc.uint8Array({ maxLength: 400 })),
    ([isElf, bytes]) => {
      const file = Buffer.concat([isElf ? head : Buffer.alloc(0), bytes]);
      const found = accepted(() => readElf(file, 'program'), ['BAD_ROOTFS']);
      if (found !== undefined) assert.ok(found.needed.every((name) => typeof name === 'string'));
    },
    2000,
  );
});
