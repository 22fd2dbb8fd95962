// A cgroup v2 that belongs to an ordinary user, here and in a machine that has no other.
import { readFileSync } from 'node:fs';
import { describe } from 'node:test';
import { requires, requiresProgram } from './harness/requires.ts';
import { suite } from './harness/suite.ts';
import { delegatedTests } from './vm/rootless.ts';

const { skip } = requiresProgram('newuidmap', 'newgidmap', 'useradd', 'setpriv');
const mounted = requires('cgroup v2', readFileSync('/proc/self/mountinfo', 'utf8').includes(' - cgroup2 '));

describe('a cgroup that was delegated to an ordinary user', {
  skip: skip || mounted.skip,
  concurrency: 1,
}, () => {
  const s = suite({ ordinaryUser: true, delegated: true });
  delegatedTests(s);
});
