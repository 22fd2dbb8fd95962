import { asError } from '../../../../common/errors.ts';
import { canonicalName } from '../../../../common/image-name.ts';
import { own } from '../../../../common/own.ts';
import { ownPlatform, type Platform, parsePlatform } from '../../../oci/platform.ts';
import { parseTagName } from '../model/tag-name.ts';
import { isolatorLabels } from './isolators.ts';
import { type AciApp, type AciManifest, badAci } from './manifest.ts';

/** What an App Container image is, in the words of others. */
export interface FromAci {
  /** Canonical, with its tag; empty where none is needed. */
  readonly name: string;
  readonly platform: Platform;
  readonly author: string;
  /** The JSON of `config`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What is left out. */
  readonly warnings: readonly string[];
}

/** With `needsName` its name must be one that an image can have. Errors: BAD_IMAGE. */
export function fromAci(manifest: AciManifest, { needsName }: { readonly needsName: boolean }): FromAci {
  const { name, app, annotations } = manifest;
  const labels = valuesOf(manifest.labels);
  const { os = '', arch = '', version = '', ...others } = labels;
  const { authors = '' } = valuesOf(annotations);
  const ofApp = app === null ? { config: {}, labels: {}, warnings: [] } : fromApp(app, name);
  const all = { ...others, ...labelsOf(annotations), ...ofApp.labels };
  return {
    name: needsName ? nameOf(name, version) : '',
    platform: os !== '' && arch !== '' ? platformOf(os, arch) : ownPlatform(),
    author: authors,
    config: { ...ofApp.config, ...(Object.keys(all).length > 0 && { Labels: all }) },
    warnings: ofApp.warnings,
  };
}

function platformOf(os: string, arch: string): Platform {
  try {
    return parsePlatform(`${os}/${arch}`, 'arch');
  } catch {
    throw badAci(`its labels os and arch are '${os}' and '${arch}', which is no platform`);
  }
}

function fromApp(app: AciApp, name: string) {
  const { exec, user, group, workingDirectory, environment, mountPoints, ports } = app;
  if (user.startsWith('/') || group.startsWith('/'))
    throw badAci('its user is the owner of a file, which is not supported; name a user or an id');
  const env = environment.map((variable) => `${variable.name}=${variable.value}`);
  const hasName = environment.some((variable) => variable.name === 'AC_APP_NAME');
  const { labels, lost } = isolatorLabels(app.isolators);
  return {
    config: {
      Cmd: [...exec],
      User: `${user}:${group}`,
      WorkingDir: workingDirectory,
      Env: hasName ? env : [...env, `AC_APP_NAME=${name.split('/').at(-1)}`],
      ...(mountPoints.length > 0 && { Volumes: setOf(mountPoints.map(({ path }) => path)) }),
      ...(ports.length > 0 && { ExposedPorts: setOf(ports.map(portOf)) }),
    },
    labels,
    warnings: [
      ...lost.map((isolator) => `The isolator ${isolator} is left out: an image cannot ask for it here`),
      ...app.eventHandlers.map((handler) => `The event handler ${handler.name} is left out: it is never run`),
      ...(app.supplementaryGIDs.length > 0
        ? [
            `Its supplementary groups are left out; use --group-add ${app.supplementaryGIDs.join(' --group-add ')}`,
          ]
        : []),
      ...ports
        .filter(({ socketActivated }) => socketActivated)
        .map((port) => `Port ${portOf(port)} is not opened for it: there is no socket activation`),
      ...mountPoints
        .filter(({ readOnly }) => readOnly)
        .map(
          ({ path }) => `The mount point ${path} can be written to, unless a mount of its own says otherwise`,
        ),
    ],
  };
}

function portOf({ port, count, protocol }: AciApp['ports'][number]): string {
  return `${count > 1 ? `${port}-${port + count - 1}` : port}/${protocol}`;
}

/** The version is the tag. Identifiers may have characters that names of images cannot have. */
function nameOf(name: string, version: string): string {
  const tag = version.replaceAll(/[^\w.-]/g, '_').replace(/^[.-]/, '_');
  try {
    return canonicalName(parseTagName(`${name}:${tag || 'latest'}`, 'name'));
  } catch (error) {
    throw badAci(`${asError(error).message}; give another with likerctl import`);
  }
}

const annotationLabels: Readonly<Record<string, string>> = {
  authors: 'org.opencontainers.image.authors',
  created: 'org.opencontainers.image.created',
  documentation: 'org.opencontainers.image.documentation',
  homepage: 'org.opencontainers.image.url',
};

function labelsOf(annotations: AciManifest['annotations']): Record<string, string> {
  return Object.fromEntries(
    annotations.map(({ name, value }) => [own(annotationLabels, name) ?? name, value]),
  );
}

function valuesOf(pairs: AciManifest['labels']): Record<string, string> {
  return Object.fromEntries(pairs.map(({ name, value }) => [name, value]));
}

function setOf(names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}
