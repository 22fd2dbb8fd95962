// Templates for inspect and events from tutorials and scripts, with what Docker 28.2.2 prints for the same
// container, except for what comes from Docker's images and networks.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { v1 } from '../../test/harness/services.ts';
import { containers } from '../connection/methods.ts';
import { id, web } from '../test/containers.ts';
import { FakeServer } from '../test/fake-server.ts';
import { likerctl } from '../test/likerctl.ts';
import { inspectRecord } from './inspect.ts';
import { compileTemplate } from './template.ts';

const message = {
  ...web,
  spec: { ...web.spec, process: { ...web.spec.process, env: ['A=b', 'PATH=/x'] }, hostname: 'h' },
  startedAt: { seconds: 1769860800 },
  finishedAt: { seconds: 1769860700, nanos: 5 },
  createdAt: { seconds: 1769860000 },
  logPath: '/log',
  restartCount: 2,
  userNamespace: { uids: [{ inside: 0, outside: 600_000, count: 65_536 }], gids: [], owner: 'a' },
};

/** As it comes from the wire, unset fields included. */
const { container } = containers.GetContainer.responseDeserialize(
  v1.ContainerService.service.GetContainer.responseSerialize({ container: message } as never),
);
assert.ok(container);
const record = inspectRecord(container);

const recipes: readonly (readonly [template: string, printed: string | RegExp])[] = [
  ['{{.NetworkSettings.IPAddress}}', ''],
  ['{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', ''],
  ['{{range $k, $v := .NetworkSettings.Networks}}{{$k}} {{end}}', 'none '],
  ['{{.NetworkSettings.Networks.none.IPAddress}}', ''],
  ['{{.NetworkSettings.Networks.bridge.IPAddress}}', '<no value>'],
  ['{{index .NetworkSettings.Networks "bridge"}}', '<nil>'],
  ['{{range $p, $conf := .NetworkSettings.Ports}}{{$p}} -> {{(index $conf 0).HostPort}}{{end}}', ''],
  ['{{json .NetworkSettings.Ports}}', '{}'],
  ['{{.NetworkSettings.SandboxKey}}', `/proc/${web.pid}/ns/net`],
  ['{{.NetworkSettings.Bridge}}{{.AppArmorProfile}}{{.ProcessLabel}}{{.HostConfig.UsernsMode}}', ''],
  ['{{.HostConfig.Tmpfs}} {{.HostConfig.PublishAllPorts}} {{.HostConfig.Links}}', 'map[] false []'],
  ['{{.HostConfig.PortBindings}}', 'map[]'],
  ['{{.GraphDriver.Name}} {{.Driver}} {{.Platform}}', 'overlay2 overlay2 linux'],
  ['{{.Config.Image}}', '/srv/root'],
  ['{{.Config.Env}}', '[A=b PATH=/x]'],
  ['{{range .Config.Env}}{{println .}}{{end}}', 'A=b\nPATH=/x\n'],
  ['{{range $index, $value := .Config.Env}}{{println $index $value}}{{end}}', '0 A=b\n1 PATH=/x\n'],
  ['{{join .Config.Env ","}}', 'A=b,PATH=/x'],
  ['{{json .Config.Env}}', '["A=b","PATH=/x"]'],
  ['{{range .Config.Env}}{{if eq (index (split . "=") 0) "PATH"}}{{.}}{{end}}{{end}}', 'PATH=/x'],
  ['{{range .Mounts}}{{.Source}}:{{.Destination}}:{{.Mode}} {{end}}', '/a:/b:ro '],
  ['{{range .Mounts}}{{if eq .Type "bind"}}{{.Source}}{{end}}{{end}}', '/a'],
  ['{{(index .Mounts 0).Source}} {{len .Mounts}}', '/a 1'],
  ['{{range .HostConfig.IDMappings.UidMap}}{{.}}{{end}}{{.UserNamespaceOwner}}', '0:600000:65536a'],
  ['{{.HostConfig.Binds}}', '[/a:/b:ro]'],
  ['{{index .Config.Labels "missing"}}', ''],
  ['{{if index .Config.Labels "missing"}}y{{else}}n{{end}}', 'n'],
  ['{{index .Config.Labels "tier"}} {{.Config.Labels.tier}}', 'front front'],
  ['{{.Config.Labels.missing}}', '<no value>'],
  ['{{json .Config.Labels}}', '{"tier":"front"}'],
  ['{{.State.FinishedAt}}', '2026-01-31T11:58:20.000000005Z'],
  ['{{.State.StartedAt}}', '2026-01-31T12:00:00Z'],
  ['{{.LogPath}}', '/log'],
  ['{{.Path}} {{.Args}}', 'bash [-c sleep 1000000]'],
  ['{{.Path}} {{join .Args " "}}', 'bash -c sleep 1000000'],
  ['{{range $i, $e := .Args}}{{if $i}}, {{end}}{{$e}}{{end}}', '-c, sleep 1000000'],
  ['{{index .Args 0}}', '-c'],
  ['{{index .Args 5}}', /index out of range: 5/],
  ['{{.RestartCount}}', '2'],
  ['{{.Name}} {{slice .Name 1}}', '/web web'],
  ['{{.Name | printf "%s|"}}{{split .Name "/"}}', '/web|[ web]'],
  ['{{.State.Pid}} {{.State.Status}} {{.State.ExitCode}} {{.State.Running}}', '42 running 0 true'],
  ['{{.State.Dead}} {{.State.Paused}} {{.State.OOMKilled}}', 'false false false'],
  ['{{if .State.Running}}up{{end}}{{if eq .State.Status "running"}}!{{end}}', 'up!'],
  ['{{and .State.Running (eq .State.ExitCode 0)}} {{not .State.Running}}', 'true false'],
  ['{{.HostConfig.NetworkMode}} {{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}', 'none 1048576 10'],
  ['{{.HostConfig.Privileged}} {{.HostConfig.AutoRemove}} {{.HostConfig.CapAdd}}', 'false false []'],
  ['{{.Config.Hostname}} {{.Config.User}} {{.Config.WorkingDir}} {{.Config.Tty}}', 'h app / true'],
  ['{{.Config.Cmd}} {{.Config.Entrypoint}} {{.Config.ExposedPorts}}', '[bash -c sleep 1000000] [] map[]'],
  ['{{or .Config.Domainname "dflt"}}', 'dflt'],
  ['{{printf "%.12s" .Id}} {{truncate .Id 12}}', 'abababababab abababababab'],
  ['{{print .State.Pid 1 "x" 2 3}}', '42 1x2 3'],
  ['{{.State.NoSuch}}', /no field \.NoSuch/],
  ['{{.Config.NoSuch.x}}', /no field \.NoSuch/],
  ['{{.State.Health.Status}}', /no field \.Health/],
  ['{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}', /Invalid --format/],
];

for (const [template, printed] of recipes) {
  test(`inspect -f '${template}'`, () => {
    const print = (): string => compileTemplate(template, { strict: true })(record);
    if (printed instanceof RegExp) assert.throws(print, printed);
    else assert.equal(print(), printed);
  });
}

const server = new FakeServer();
before(() =>
  server.listen({
    streams: {
      Subscribe: () => [
        {
          event: {
            seq: 7,
            time: { seconds: 1700000000, nanos: 123456789 },
            subjectId: id,
            subjectType: 'container',
            subjectName: 'web',
            action: 'start',
            attributes: { image: '/srv/root', name: 'web', tier: 'front' },
          },
        },
      ],
    },
  }),
);
after(() => server[Symbol.asyncDispose]());

async function events(format: string): Promise<string> {
  const { stdout, stderr } = await likerctl(server.socketPath, 'events', '--until', '0s', '--format', format);
  assert.equal(stderr, '');
  return stdout;
}

test("events --format json has Docker's fields, and the event number", { timeout: 30_000 }, async () => {
  const Actor = { ID: id, Attributes: { image: '/srv/root', name: 'web', tier: 'front' } };
  const text = await events('json');
  assert.equal(await events('{{json .}}'), text);
  assert.deepEqual(JSON.parse(text), {
    ...{ status: 'start', id, from: '/srv/root', Type: 'container', Action: 'start', Actor, scope: 'local' },
    ...{ time: 1700000000, timeNano: Number('1700000000123456789'), Seq: 7 },
  });
  // To the last digit: a JavaScript number would not keep it.
  assert.match(text, /"timeNano":1700000000123456789,/);
});

test("templates for events have Docker's fields", { timeout: 30_000 }, async () => {
  assert.equal(
    await events(
      '{{.Status}} {{.From}} {{.Type}} {{.Action}} {{.Scope}} {{.Time}} {{.TimeNano}} {{.Actor.Attributes.name}} {{.Actor.Attributes.none}} {{truncate .ID 4}} {{truncate .Actor.ID 4}}',
    ),
    'start /srv/root container start local 1700000000 1700000000123456789 web <no value> abab abab\n',
  );
});
