import { setOf } from '../containers/inspect.ts';
import type { Door } from '../door.ts';
import { timeText } from '../format/time.ts';
import { type Answer, json } from '../http/answer.ts';
import { type Call, nameOf } from '../http/call.ts';
import { repoDigests, repoTags } from './names.ts';

export async function inspectImage({ engine }: Door, call: Call): Promise<Answer> {
  const image = await engine.images.get(nameOf(call));
  const { configuration: found } = image;
  const { config } = found;
  return json({
    Id: image.id,
    RepoTags: repoTags(image.names),
    RepoDigests: repoDigests(image.digests),
    Parent: '',
    Comment: found.history.at(-1)?.comment ?? '',
    Created: found.created,
    DockerVersion: '',
    Author: found.author,
    Config: {
      ...{ Hostname: '', Domainname: '', AttachStdin: false, AttachStdout: false, AttachStderr: false },
      User: config.User,
      ExposedPorts: setOf(Object.keys(config.ExposedPorts)),
      ...{ Tty: false, OpenStdin: false, StdinOnce: false },
      Env: config.Env,
      Cmd: config.Cmd,
      ...(config.Healthcheck && { Healthcheck: config.Healthcheck }),
      Image: '',
      Volumes: setOf(Object.keys(config.Volumes)),
      WorkingDir: config.WorkingDir,
      Entrypoint: config.Entrypoint,
      OnBuild: config.OnBuild.length > 0 ? config.OnBuild : null,
      Labels: config.Labels,
      ...(config.StopSignal !== '' && { StopSignal: config.StopSignal }),
      ...(config.Shell.length > 0 && { Shell: config.Shell }),
    },
    Architecture: found.architecture,
    ...(found.variant !== '' && { Variant: found.variant }),
    Os: found.os,
    Size: image.sizeBytes,
    VirtualSize: image.sizeBytes,
    GraphDriver: { Name: 'overlay2', Data: {} },
    RootFS: { Type: 'layers', Layers: image.layers.map(({ diffId }) => diffId) },
    Metadata: { LastTagTime: timeText(image.storedAt) },
  });
}
