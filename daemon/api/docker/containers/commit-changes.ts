import type { CreateBody } from './create-body.ts';

/** Instructions for what a commit's body sets of the image's configuration. */
export function commitChanges(body: CreateBody): string[] {
  const names = (found: CreateBody['Volumes']) => [...found.keys()];
  return [
    ...[...body.Labels].map(([name, value]) => `LABEL ${quoted(name)}=${quoted(value)}`),
    ...body.Env.map((variable) => variable.split(/=(.*)/s)).map(
      ([name = '', value = '']) => `ENV ${name}=${quoted(value)}`,
    ),
    ...(body.Entrypoint ? [`ENTRYPOINT ${JSON.stringify(body.Entrypoint)}`] : []),
    ...(body.Cmd ? [`CMD ${JSON.stringify(body.Cmd)}`] : []),
    ...(body.User === '' ? [] : [`USER ${quoted(body.User)}`]),
    ...(body.WorkingDir === '' ? [] : [`WORKDIR ${quoted(body.WorkingDir)}`]),
    ...names(body.ExposedPorts).map((port) => `EXPOSE ${port}`),
    ...names(body.Volumes).map((path) => `VOLUME ${JSON.stringify([path])}`),
  ];
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\$]/g, '\\$&')}"`;
}
