// What explain and --dry-run say is what a start then does.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readProc } from './harness/proc.ts';
import { suite } from './harness/suite.ts';

const s = suite();

interface Explained {
  readonly Steps: readonly { readonly Group: string; readonly Name: string; readonly Detail: string }[];
  readonly IDMappings: { readonly UidMap: readonly string[]; readonly GidMap: readonly string[] } | null;
  readonly Seccomp: {
    readonly Profile: string;
    readonly Instructions: number;
    readonly Rules: number;
    readonly DefaultAction: string;
    readonly Flags: number;
  } | null;
  readonly Capabilities: { readonly Kept: readonly string[]; readonly Dropped: readonly string[] };
  readonly CgroupWrites: readonly { readonly Knob: string; readonly File: string; readonly Value: string }[];
  readonly Rlimits: readonly { readonly Name: string; readonly Soft: number; readonly Hard: number }[];
  readonly Sysctls: Readonly<Record<string, string>>;
  readonly Environment: readonly string[];
  readonly Risks: readonly { readonly Severity: string; readonly Rule: string; readonly Text: string }[];
}

async function explained(args: readonly string[]): Promise<Explained> {
  return JSON.parse(await s.ok([...args.slice(0, 1), '--format', 'json', ...args.slice(1)])) as Explained;
}

/** What a container that is asked for with these flags says of itself. */
const limits = ['-m', '64m', '--pids-limit', '77', '--cpus', '0.5', '--ulimit', 'nofile=100:200'];
const rights = ['--cap-drop', 'ALL', '--cap-add', 'NET_RAW', '--sysctl', 'net.ipv4.ip_forward=1'];
const flags = [...limits, ...rights, '-e', 'SECRET=hunter2'];

/** Why there are no user namespaces here; empty: there are. */
const noUserNamespaces = () => s.ok(['info', '--format', '{{.UserNamespaces.Problem}}']);

/** Filters that likerd has from this process, as in a container of a CI. */
const inherited = Number(/^Seccomp_filters:\t(\d+)$/m.exec(readProc('self', 'status'))?.[1]);

for (const mode of ['host', 'auto'])
  test(`explain of a running container agrees with what the kernel says of it (--userns ${mode})`, async (t) => {
    const problem = mode === 'auto' ? await noUserNamespaces() : '';
    if (problem !== '') return t.skip(problem);
    const id = await s.detached(['--userns', mode, ...flags], ['sleep', '1000']);
    const plan = await explained(['explain', id]);
    const { State } = await s.inspect(id);
    const [map = ''] = readFileSync(`/proc/${State.Pid}/uid_map`, 'latin1').trim().split('\n');
    const { UidMap, GidMap } = plan.IDMappings ?? { UidMap: ['0:0:4294967295'], GidMap: ['0:0:4294967295'] };
    assert.deepEqual([UidMap, GidMap], [[map.trim().split(/\s+/).join(':')], UidMap]);
    const made = plan.Steps.filter(({ Name }) => Name === 'id-map').map(({ Detail }) => Detail);
    const [, start = 0] = (UidMap[0] ?? '').split(':').map(Number);
    assert.deepEqual(
      made,
      mode === 'host'
        ? []
        : [`a user namespace with these maps, held: ids 0-65535 are ${start}-${start + 65_535} outside`],
    );
    assert.equal(
      plan.Risks.some(({ Rule }) => Rule === 'host-root'),
      mode === 'host',
    );
    const outside = new RegExp(`\\nRoot inside is uid ${start} on the host, an ordinary user$`);
    assert.equal(outside.test(await s.ok(['explain', id])), mode === 'auto');
    const status = readFileSync(`/proc/${State.Pid}/status`, 'latin1');
    assert.match(status, new RegExp(`^Seccomp:\t2\nSeccomp_filters:\t${inherited + 1}$`, 'm'));
    const { Instructions = 0, Rules = 0, ...filter } = plan.Seccomp ?? {};
    assert.ok(Instructions > 100 && Rules > 1, JSON.stringify(plan.Seccomp));
    assert.deepEqual(filter, { Profile: 'builtin', DefaultAction: 'errno EPERM', Flags: 0 });
    assert.deepEqual(plan.Capabilities.Kept, ['CAP_NET_RAW']);
    assert.equal(plan.Capabilities.Dropped.length, 40);
    assert.match(status, /^CapBnd:\t0*2000$/m);
    const written = plan.CgroupWrites.filter(({ Knob }) => Knob !== 'devices');
    assert.ok(written.length >= 3, JSON.stringify(written));
    for (const { File, Value } of written) assert.equal(readFileSync(File, 'latin1').trim(), Value, File);
    assert.deepEqual(plan.Rlimits, [{ Name: 'nofile', Soft: 100, Hard: 200 }]);
    assert.match(readFileSync(`/proc/${State.Pid}/limits`, 'latin1'), /^Max open files\s+100\s+200\s/m);
    assert.equal(plan.Sysctls['net.ipv4.ip_forward'], '1');
    for (const [name, value] of Object.entries(plan.Sysctls)) {
      const text = await s.ok(['exec', id, 'cat', `/proc/sys/${name.replaceAll('.', '/')}`]);
      assert.equal(text.replaceAll('\t', ' '), value, name);
    }
    const environment = readFileSync(`/proc/${State.Pid}/environ`, 'utf8').split('\0').filter(Boolean);
    // HOME is looked up with the user, inside.
    const names = environment.map((entry) => entry.split('=')[0]).filter((name) => name !== 'HOME');
    assert.deepEqual(plan.Environment.map((entry) => entry.split('=')[0]).sort(), names.sort());
    assert.ok(plan.Environment.includes('SECRET'));
    assert.doesNotMatch(JSON.stringify(plan), /hunter2/);
    await s.ok(['rm', '-f', id]);
  });

describe('explain', { concurrency: 2 }, () => {
  test('as text has numbered steps below the headings of their groups, and ends with the risks', async () => {
    const text = await s.ok(['run', '--dry-run', '-v', '/etc:/h', s.rootfs, 'true']);
    assert.match(text, /^cgroups:\n +1 +make-cgroup +mkdir \/sys\/fs\/cgroup\//);
    for (const heading of [
      'namespaces',
      'root',
      'mounts',
      'devices',
      'identity',
      'hiding',
      'process',
      'rights',
    ])
      assert.match(text, new RegExp(`^${heading}:$`, 'm'));
    assert.match(
      text,
      /^program:\n +\d+ +init .*\n +\d+ +exec +true \(environment: PATH=[^\n]*\)\n\nRisks, /m,
    );
    assert.match(text, /\n +critical +can write \/etc of the host through \/h\n/);
    assert.match(
      text,
      /\n +medium +can use all memory of the host[^\n]*\n\nRoot inside is uid \d+ on the host[^\n]*$/,
    );
  });

  test('by a template', async () => {
    const template = '{{range .Risks}}{{.Severity}} {{.Rule}};{{end}}';
    const text = await s.ok(['create', '--dry-run', '--format', template, '--privileged', s.rootfs, 'true']);
    assert.match(text, /^critical privileged;critical disk;/);
  });
});

describe('--dry-run', () => {
  test('makes nothing', async () => {
    const source = join(s.daemon.home, 'not-yet');
    const cidfile = join(s.daemon.home, 'no-cidfile');
    const asked = ['--name', 'draft', '-v', `${source}:/x`, '--cidfile', cidfile, s.rootfs, 'true'];
    const before = readdirSync(join(s.daemon.root, 'containers'));
    for (const verb of ['run', 'create']) {
      const { code, stdout, stderr } = await s.likerctl([verb, '--dry-run', ...asked]);
      assert.deepEqual([code, stderr], [0, ''], verb);
      assert.match(stdout, /exec +true/);
    }
    assert.ok(!existsSync(source) && !existsSync(cidfile));
    assert.deepEqual(readdirSync(join(s.daemon.root, 'containers')), before);
    assert.equal(await s.ok(['ps', '-aq', '--filter', 'name=draft']), '');
    const { CgroupWrites } = await explained(['run', '--dry-run', '-m', '64m', ...asked]);
    assert.ok(CgroupWrites.length > 0);
    for (const { File } of CgroupWrites) assert.ok(!existsSync(File), File);
    assert.equal(await s.ok(['events', '--since', '0', '--until', '0s', '--filter', 'container=draft']), '');
    // The name is still there to be had.
    await s.ok(['create', ...asked]);
    await s.ok(['rm', 'draft']);
  });

  test('has the errors of a create, and its exit codes', async () => {
    await s.ok(['create', '--name', 'holder', s.rootfs, 'true']);
    const cidfile = join(s.daemon.home, 'cidfile');
    writeFileSync(cidfile, '');
    for (const asked of [
      ['--name', 'holder', s.rootfs],
      ['--name', '-x-', s.rootfs],
      ['/no/such/root'],
      ['--mount', 'type=bind,source=/no/such,target=/x', s.rootfs],
      ['--device', '/no/such', s.rootfs],
      ['--device', '/etc/passwd', s.rootfs],
      ['-m', '1', s.rootfs],
      ['-m', '64m', '--memory-swap', '32m', s.rootfs],
      ['--cpuset-cpus', '4000', s.rootfs],
      ['--cgroup-parent', '../x', s.rootfs],
      ['--network', 'container:nobody', s.rootfs],
      ['--network', 'ns:/no/such', s.rootfs],
      ['--network', 'container:holder', '--dns', '1.1.1.1', s.rootfs],
      ['--sysctl', 'kernel.panic=1', s.rootfs],
      ['--net-rate', '1mbit', s.rootfs],
      ['--cidfile', cidfile, s.rootfs],
      ['-v', 'no/name:/x', s.rootfs],
    ]) {
      const create = await s.likerctl(['create', ...asked, 'true']);
      assert.notEqual(create.code, 0, asked.join(' '));
      for (const verb of ['create', 'run'])
        assert.deepEqual(await s.likerctl([verb, '--dry-run', ...asked, 'true']), create, asked.join(' '));
    }
    await s.ok(['run', '--dry-run', '--replace', '--name', 'holder', s.rootfs, 'true']);
    assert.equal(await s.ok(['ps', '-aq', '--filter', 'name=holder', '--format', '{{.Names}}']), 'holder');
    await s.ok(['rm', 'holder']);
  });

  test('has the error of the start where that would be refused', async () => {
    await s.ok(['create', '--name', 'asleep', s.rootfs, 'true']);
    const asked = ['--pid', 'container:asleep', s.rootfs, 'true'];
    const { code, stderr } = await s.likerctl(['run', '--dry-run', ...asked]);
    assert.equal(code, 125);
    assert.match(
      stderr,
      /shares the pid namespace of container 'asleep', which is not running; start that first/,
    );
    await s.ok(['rm', 'asleep']);
  });

  test('warns of limits that would be left out, as a create does', async () => {
    const asked = ['--limits', 'best-effort', '--cpuset-cpus', '4000', s.rootfs, 'true'];
    const create = await s.likerctl(['create', ...asked]);
    const dry = await s.likerctl(['create', '--dry-run', ...asked]);
    assert.match(create.stderr, /Limit not applied/);
    assert.deepEqual([dry.code, dry.stderr], [0, create.stderr]);
    await s.ok(['rm', create.stdout.trim()]);
  });

  test('names the container whose namespace is joined', async () => {
    await s.detached(['--name', 'shared'], ['sleep', '1000']);
    const asked = ['--network', 'container:shared', '--pid', 'container:shared', s.rootfs, 'true'];
    const { Steps } = await explained(['run', '--dry-run', ...asked]);
    const joins = Steps.filter(({ Name }) => Name === 'join-namespace').map(({ Detail }) => Detail);
    const { State } = await s.inspect('shared');
    for (const kind of ['network', 'pid'])
      assert.ok(
        joins.includes(`setns: the ${kind} namespace of container shared (pid ${State.Pid})`),
        joins.join('\n'),
      );
    await s.ok(['rm', '-f', 'shared']);
  });

  test('--format needs it', async () => {
    const { code, stderr } = await s.likerctl(['run', '--format', 'json', s.rootfs, 'true']);
    assert.deepEqual([code, stderr], [125, 'likerctl: Cannot use --format without --dry-run\n']);
  });
});
