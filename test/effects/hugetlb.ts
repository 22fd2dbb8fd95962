import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe } from 'node:test';
import type { Effects } from './effects.ts';

const hugePool = '/proc/sys/vm/nr_hugepages';
const gigabytes = '/sys/kernel/mm/hugepages/hugepages-1048576kB';
const pages = 4;
const ENOMEM = 12;

export function hugetlbEffects(effects: Effects): void {
  const { suite: s } = effects;
  let poolBefore = '';

  describe('huge pages', { concurrency: 1 }, () => {
    before(() => {
      if (!existsSync(hugePool)) return;
      poolBefore = readFileSync(hugePool, 'utf8').trim();
      writeFileSync(hugePool, String(Number(poolBefore) + pages));
    });
    after(() => {
      if (poolBefore !== '') writeFileSync(hugePool, poolBefore);
    });
    const needs = () => {
      const there = poolBefore !== '' && Number(readFileSync(hugePool, 'utf8')) >= Number(poolBefore) + pages;
      return there ? '' : 'the machine has no huge pages to give';
    };

    effects.effect({
      knobs: ['hugetlb.2MB.max_bytes'],
      what: 'mmap fails beyond the limit, or there is a SIGBUS if more may be reserved; no half pages',
      needs,
      async prove() {
        const limit = ['--hugetlb-limit', '2MB=4m'];
        assert.equal((await s.run(limit, ['huge', '3'])).code, ENOMEM);
        const { code, stdout } = await s.run([...limit, '--hugetlb-reservation', '2MB=-1'], ['huge', '3']);
        assert.deepEqual([stdout, code], ['1\n2\n', 135]);
        assert.equal((await s.run(['--hugetlb-limit', '2m=6m'], ['huge', '3'])).code, 0);
        const half = await s.run(['--hugetlb-limit', '2MB=1m'], ['huge', '1']);
        assert.equal(half.code, 125);
        assert.match(
          half.stderr,
          /^likerctl: Invalid --hugetlb-limit '1048576': .* pages of 2MB; use 2097152\n$/,
        );
      },
    });

    effects.effect({
      knobs: ['hugetlb.2MB.reservation_bytes'],
      what: 'mmap fails beyond the limit',
      needs,
      async prove() {
        assert.equal((await s.run(['--hugetlb-reservation', '2MB=4m'], ['huge', '3'])).code, ENOMEM);
        assert.equal((await s.run(['--hugetlb-reservation', '2MB=4m'], ['huge', '2'])).code, 0);
      },
    });

    for (const [kind, flag] of [
      ['max_bytes', '--hugetlb-limit'],
      ['reservation_bytes', '--hugetlb-reservation'],
    ] as const) {
      effects.inForce(`hugetlb.1GB.${kind}`, [flag, '1GB=1g'], String(2 ** 30), {
        why: 'a test takes no page of 1 GB',
        needs: () => (existsSync(gigabytes) ? '' : 'the machine has no pages of 1 GB'),
      });
    }
  });
}
