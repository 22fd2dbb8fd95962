import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cloneFlag } from '../../../kernel/plan/steps.ts';
import { rangeMaps } from '../../../kernel/users/id-maps.ts';
import { specOf } from '../../../test/fake-engine.ts';
import { execPlan } from './exec.ts';
import type { UserNamespace } from './id-maps.ts';

const label = { attribute: 'exec', value: 'exec web' };
const credentials = {
  user: { user: '', group: null, moreGroups: [] },
  capabilities: 0n,
  rlimits: [{ resource: 7, soft: '1024', hard: '4096' }],
  seccomp: null,
  label,
  landlock: [],
};

function plan(userNamespace: UserNamespace) {
  const container = specOf();
  const { steps, settings } = execPlan({
    container,
    process: container.process,
    hostname: 'web',
    cgroup: { joinFiles: ['/t'], unified: '' },
    credentials,
    oomScore: 0,
    attended: false,
    userNamespace,
  });
  return { settings, names: steps.map(({ step }) => step) };
}

test('what needs the rights or the files of the host comes before the container is entered', () => {
  const leading = ['join-cgroup', 'oom-score', 'host-proc'];
  const host = plan(null);
  assert.deepEqual(host.names.slice(0, 3), leading);
  assert.ok(!host.names.includes('raise-limit'), 'root of the host sets them as they are');
  assert.equal(host.settings.joinMain & cloneFlag.user, 0);
  const own = plan({ kind: 'own', maps: rangeMaps(600_000) });
  assert.deepEqual(own.names.slice(0, 5), [...leading, 'raise-limit', 'stream-owner']);
  assert.notEqual(own.settings.joinMain & cloneFlag.user, 0);
  assert.ok(own.names.indexOf('exec-label') < own.names.indexOf('bounding'));
});
