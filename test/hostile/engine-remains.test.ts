// What is left of the engine where a container can see it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { hostileSuite, inBothModes } from './modes.ts';

const secret = 'of-the-daemon-alone';
const s = hostileSuite({ env: { LIKER_TEST_SECRET: secret } });

/** Names in the abstract name space, which belongs to the network namespace. */
const abstract = (table: string) => new Set([...table.matchAll(/ (@\S*)$/gm)].map(([, name]) => name));

inBothModes("CVE-2020-15257: the host's network has no abstract socket of a container", async ({ flags }) => {
  const before = abstract(readFileSync('/proc/net/unix', 'utf8'));
  const id = await s.detached([...flags, '--network', 'host', '-t'], ['sleep', '100000']);
  const exec = s.api.exec(id, { args: ['cat', '/proc/net/unix'] });
  assert.equal((await exec.exit()).code, 0);
  const inside = abstract(exec.stdout.toString());
  assert.deepEqual(
    [...inside].filter((name) => !before.has(name)),
    [],
  );
  await s.ok(['rm', '-f', id]);
});

inBothModes(
  'T2: a container that looks all the time finds nothing of likerd in the processes that enter it',
  async ({ flags }) => {
    const look = `for p in /proc/[0-9]*; do
    cat $p/environ 2>/dev/null | tr '\\0' '\\n' | grep -q ${secret.slice(0, 12)} && echo "environ of $(cat $p/comm)"
    readlink $p/exe | grep -q node && echo "exe of $p"
    grep -q -e node -e likerd $p/maps 2>/dev/null && echo "maps of $p"
  done`;
    // The look finds what there is to find.
    assert.match(await s.sh([...flags, '-e', `X=${secret}`], `${look}; true`), /^environ of bash$/m);
    const sharing = ['--cap-add', 'SYS_PTRACE'];
    const script = `echo looking; until [ -e /over ]; do ${look}; done; echo ended`;
    const id = await s.detached([...flags, ...sharing], ['bash', '-c', script]);
    for (let turn = 0; turn < 20; turn += 1) {
      assert.equal((await s.api.exec(id, { args: ['true'] }).exit()).code, 0);
      await s.run([...sharing, '--pid', `container:${id}`], ['true']);
    }
    // The container may end before it, and end it.
    await s.likerctl(['exec', id, 'touch', '/over']);
    await s.ok(['wait', id]);
    assert.equal(await s.ok(['logs', id]), 'looking\nended');
    await s.ok(['rm', '-f', id]);
  },
);

inBothModes(
  "CVE-2020-8557: the files of /etc that Liker provides cannot fill the host's disk or memory",
  async ({ flags }) => {
    const fill =
      'for f in hosts hostname resolv.conf; do head -c 64m /dev/zero >/etc/$f; done 2>/dev/null; cat /etc/hosts /etc/hostname /etc/resolv.conf | wc -c';
    const bytes = Number(await s.sh([...flags, '--read-only'], fill));
    assert.ok(bytes > 0 && bytes <= 2 << 20, `${bytes} bytes`);
  },
);
