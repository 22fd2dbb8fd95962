import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMemoryV1, parseMemoryV2 } from './memory.ts';

// As Linux 6.18 writes it, its first lines with other figures: they are of the cgroup without what is nested in it.
const statV1 = `cache 1
rss 2
shmem 3
swap 5
inactive_anon 6
active_anon 7
inactive_file 8
active_file 9
unevictable 0
hierarchical_memory_limit 104857600
hierarchical_memsw_limit 209715200
total_cache 11087872
total_rss 13590528
total_rss_huge 0
total_shmem 9166848
total_mapped_file 7655424
total_dirty 20480
total_writeback 0
total_swap 4096
total_swapcached 0
total_inactive_anon 0
total_active_anon 1531904
total_inactive_file 483328
total_active_file 1437696
total_unevictable 21225472`;

// As Linux 6.1 writes it.
const statV2 = `anon 13590528
file 11087872
kernel 2543616
kernel_stack 16384
pagetables 24576
sec_pagetables 0
percpu 0
sock 0
vmalloc 0
shmem 9166848
file_mapped 36864
file_dirty 0
file_writeback 0
swapcached 0
inactive_anon 36864
active_anon 3006464
inactive_file 483328
active_file 1437696
unevictable 0
slab_reclaimable 8696
slab_unreclaimable 14192
slab 22888`;

const same = {
  usageBytes: 27222016,
  workingSetBytes: 27222016 - 483328,
  anonBytes: 13590528,
  fileBytes: 11087872,
  inactiveFileBytes: 483328,
  kernelBytes: 2543616,
  swapBytes: 4096,
  limitBytes: 104857600,
  peakBytes: 30000000,
  oomKills: 2,
};

test('both versions give the same figures for the same container', () => {
  const oomControl = 'oom_kill_disable 0\nunder_oom 0\noom_kill 2';
  assert.deepEqual(parseMemoryV1(['27222016', statV1, '2543616', '30000000', oomControl]), same);
  const events = 'low 0\nhigh 0\nmax 17\noom 3\noom_kill 2\noom_group_kill 0';
  assert.deepEqual(parseMemoryV2(['27222016', statV2, '4096', '104857600', '30000000', events]), same);
});

test('no limit is null, however each version spells it', () => {
  const unlimited = statV1.replace('104857600', '9223372036854771712');
  assert.equal(parseMemoryV1(['1', unlimited, null, null, null])?.limitBytes, null);
  assert.equal(parseMemoryV2(['1', statV2, '0', 'max', null, null])?.limitBytes, null);
});

test('a figure that an older kernel does not have is null, not zero', () => {
  const old = parseMemoryV2(['27222016', 'anon 1\nfile 2\ninactive_file 3', null, 'max', null, null]);
  assert.deepEqual(
    [old?.kernelBytes, old?.swapBytes, old?.peakBytes, old?.oomKills, old?.workingSetBytes],
    [null, null, null, null, 27222013],
  );
  assert.equal(parseMemoryV1(['5', 'total_cache 1', null, null, null])?.workingSetBytes, null);
  assert.equal(parseMemoryV2([null, null, null, null, null, null]), null);
});

test('a working set is never negative, although the two files are not read at the same moment', () => {
  assert.equal(parseMemoryV2(['100', 'inactive_file 200', null, null, null, null])?.workingSetBytes, 0);
});
