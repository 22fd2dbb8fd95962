// Run by network.root.test.ts where net_cls and net_prio are mounted: sets, changes and refuses, and tells what came of it.
import { Cgroups } from './cgroups.ts';
import { readOptional } from './files.ts';
import { limitsOf } from './resources.ts';

const cgroups = Cgroups.open({ parent: `liker-test-${process.pid}-net` });
const limits = limitsOf({ network: { classId: 0x100001, priorities: { lo: 5 } } });
const cgroup = await cgroups.create('c', limits, { allDevices: true });
let refusal = '';
try {
  const applied = cgroup.applied.map(({ knob, effective }) => [knob, effective]);
  try {
    cgroup.update(limitsOf({ network: { classId: 0x100002, priorities: { lo: 7, 'no-such': 1 } } }));
  } catch (error) {
    refusal = (error as Error).message;
  }
  const after = ['net_cls.classid', 'net_prio.ifpriomap'].map((file) =>
    Object.values(cgroup.paths)
      .map((folder) => readOptional(`${folder}/${file}`))
      .find((text) => text !== null),
  );
  console.log(JSON.stringify({ applied, refusal, after }));
} finally {
  await cgroup.remove();
  cgroups.close();
}
