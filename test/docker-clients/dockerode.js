// Docker's API as dockerode uses it: pull, attach, exec, logs, events, networks, volumes. Prints what the test compares.

import { createRequire } from 'node:module';
import { PassThrough } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';

// Where scripts/setup installs it.
const require = createRequire(new URL('../../dist/docker-clients/', import.meta.url));
const Docker = require('dockerode');

const [socketPath, image, far] = process.argv.slice(2);
const docker = new Docker({ socketPath });
const print = (...parts) => console.log(JSON.stringify(parts));

/** What comes on stdout and stderr of a stream in frames. */
async function demuxed(stream) {
  const [out, err] = [new PassThrough(), new PassThrough()];
  docker.modem.demuxStream(stream, out, err);
  stream.on('end', () => {
    out.end();
    err.end();
  });
  return Promise.all([text(out), text(err)]);
}

print(String(await docker.ping()), (await docker.info()).OSType);
const pulled = await docker.pull(far);
const steps = await new Promise((resolve, reject) =>
  docker.modem.followProgress(pulled, (error, output) => (error ? reject(error) : resolve(output))),
);
print(steps.at(-1).status.replace(/127\.0\.0\.1:\d+/, 'HOST'));

const since = Math.floor(Date.now() / 1000);
const volume = await docker.createVolume({ Name: 'shelf', Labels: { a: 'b' } });
print((await docker.listVolumes({ filters: { label: ['a=b'] } })).Volumes.map(({ Name }) => Name));
const network = await docker.createNetwork({ Name: 'lane', CheckDuplicate: true });

// run: create, attach, start, wait.
const [output, errors] = [new PassThrough(), new PassThrough()];
const written = Promise.all([text(output), text(errors)]);
const [ended, ran] = await docker.run(
  image,
  ['sh', '-c', 'echo ran; echo err >&2; exit 4'],
  [output, errors],
  {
    Tty: false,
    HostConfig: { Binds: ['shelf:/shelf'] },
  },
);
// dockerode ends both. The answer to its wait, by another connection, may come before the last output.
print(await written, ended);
await ran.remove();

// Without hijacking, dockerode closes the whole connection at the end of stdin.
{
  const box = await docker.createContainer({
    ...{ Image: image, Cmd: ['sh', '-c', 'cat; echo err >&2'], OpenStdin: true, StdinOnce: true },
    name: 'cat',
  });
  const stream = await box.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
  const parts = demuxed(stream);
  await box.start();
  stream.write('typed\n');
  stream.end();
  print(await parts, (await box.wait()).StatusCode);
  const logged = new PassThrough();
  const parts2 = demuxed(logged);
  logged.end(await box.logs({ stdout: true, stderr: true }));
  print(...(await parts2));
  await box.remove();
}

const web = await docker.createContainer({
  ...{ Image: image, name: 'web', Labels: { a: 'b' }, Cmd: ['sh', '-c', 'echo up; exec sleep 1000'] },
  ExposedPorts: { '80/tcp': {} },
  HostConfig: { NetworkMode: 'lane', PortBindings: { '80/tcp': [{ HostPort: '0' }] }, AutoRemove: true },
});
await web.start();
const facts = await web.inspect();
print(facts.State.Status, Number(facts.NetworkSettings.Ports['80/tcp'][0].HostPort) > 0);
print(Object.values((await network.inspect()).Containers).map(({ Name }) => Name));
print((await docker.listContainers({ filters: { label: ['a=b'] } })).map(({ Names }) => Names));
const followed = await web.logs({ follow: true, stdout: true });
await new Promise((resolve) => followed.once('data', resolve));

{
  const exec = await web.exec({ Cmd: ['sh', '-c', 'cat; exit 7'], AttachStdin: true, AttachStdout: true });
  const stream = await exec.start({ hijack: true, stdin: true });
  const parts = demuxed(stream);
  stream.end('to exec\n');
  print((await parts)[0], (await exec.inspect()).ExitCode);
}
await web.exec({ Cmd: ['nosuch'], AttachStdout: true }).then(async (exec) => {
  await buffer(await exec.start({}));
  print((await exec.inspect()).ExitCode);
});
const stats = await web.stats({ stream: false });
print(stats.name, stats.cpu_stats.cpu_usage.total_usage > 0);
const gone = web.wait({ condition: 'removed' });
await web.stop({ t: 0 });
print((await gone).StatusCode);
print(...(await web.inspect().catch(({ statusCode, json }) => [statusCode, json.message.split(':')[0]])));
await network.remove();
await volume.remove();

const told = await text(
  await docker.getEvents({
    ...{ since, until: Math.ceil(Date.now() / 1000) },
    filters: { type: ['volume', 'network'], event: ['create', 'destroy'] },
  }),
);
print(
  told
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .map(({ Type, Action }) => `${Type} ${Action}`),
);
