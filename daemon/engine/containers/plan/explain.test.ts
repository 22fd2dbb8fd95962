import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cloneFlag, foundId, type Launch, mountAttr, ms, type Step } from '../../../kernel/plan/steps.ts';
import { explainPlan } from './explain.ts';

function detailOf(step: Step): string | undefined {
  const settings = { cloneFlags: cloneFlag.mount | cloneFlag.pid, cgroup2: '' };
  return explainPlan({ settings, steps: [step] } as unknown as Launch)[1]?.detail;
}

test('flags, capabilities and limits are shown by name', () => {
  const settings = { cloneFlags: cloneFlag.mount | cloneFlag.network, cgroup2: '/g' };
  assert.equal(
    explainPlan({ settings, steps: [] } as unknown as Launch)[0]?.detail,
    'new namespaces: mount network, in /g',
  );
  const none = 0n;
  for (const [step, detail] of [
    [{ step: 'unshare', flags: cloneFlag.cgroup }, 'new namespaces: cgroup'],
    [{ step: 'propagation', flags: ms.SLAVE | ms.REC }, 'rec slave'],
    [{ step: 'bounding', set: 0b10_0001n }, 'set=CAP_CHOWN,CAP_KILL'],
    [
      { step: 'capabilities', effective: 1n, permitted: 1n, inheritable: none, ambient: none },
      'effective=CAP_CHOWN permitted=CAP_CHOWN inheritable=none ambient=none',
    ],
    [{ step: 'rlimit', resource: 7, soft: '1', hard: '2' }, 'nofile soft=1 hard=2'],
    [{ step: 'umask', mask: 0o22 }, '0022'],
    [{ step: 'user', uid: 5, gid: 6 }, 'uid=5 gid=6'],
    [{ step: 'user', uid: foundId, gid: foundId }, 'as looked up'],
    [{ step: 'terminal', console: true, uid: foundId, gid: 5 }, 'console=true uid=as looked up gid=5'],
    [{ step: 'join-namespace', flag: cloneFlag.ipc, pid: 1, startTime: '2' }, 'flag=ipc pid=1 startTime=2'],
  ] as [Step, string][]) {
    assert.equal(detailOf(step), detail);
  }
  const attributes = mountAttr.RDONLY | mountAttr.NOSUID | mountAttr.NOATIME;
  assert.match(
    detailOf({ step: 'bind', source: '/a', target: '/b', attributes } as Step) ?? '',
    /^\/a \/b ro,nosuid,noatime$/,
  );
});
