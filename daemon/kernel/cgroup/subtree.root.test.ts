import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../../test/cgroups.ts';
import { removeTree } from './files.ts';
import { parseHierarchies } from './mounts.ts';

const mounted = parseHierarchies(readFileSync('/proc/self/mountinfo', 'latin1'));
const pureV2 = mounted.length === 1 && mounted[0]?.version === 2;

test('T46: a daemon in a delegated cgroup moves to a leaf and enables the controllers', {
  skip: !pureV2 && 'needs pure v2',
}, async () => {
  const own = `${mounted[0]?.mountPoint}/liker-test-${process.pid}-own`;
  mkdirSync(own);
  const module = JSON.stringify(new URL('cgroups.ts', import.meta.url).href);
  const script = `
    const { Cgroups } = await import(${module});
    const { limitsOf } = await import(${module}.replace('cgroups.ts', 'resources.ts'));
    const cgroups = Cgroups.open({ parent: 'liker-test', delegatedPath: '/${basename(own)}' });
    const cgroup = await cgroups.create('c', limitsOf({ pids: { max: 5 } }), { allDevices: true });
    const { readFileSync } = process.getBuiltinModule('fs');
    console.log(cgroup.unified, readFileSync(cgroup.unified + '/pids.max', 'latin1').trim());
    await cgroup.remove();
    cgroups.close();
    process.stdout.write(readFileSync('/proc/self/cgroup', 'latin1'));`;
  const child = spawn(
    '/bin/sh',
    [
      '-c',
      'echo 0 >"$0/cgroup.procs"; exec "$@"',
      own,
      process.execPath,
      '--input-type=module',
      '-e',
      script,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let output = '';
  child.stdout.on('data', (data) => {
    output += data;
  });
  await once(child, 'close');
  assert.match(output, /-own\/liker-test\/c 5\n/);
  // Another test may have left a named hierarchy behind, which is a line of its own.
  assert.match(output, /^0::\/liker-test-\d+-own\/daemon$/m);
  await eventually('the cgroup can be removed', () => removeTree(own));
});
