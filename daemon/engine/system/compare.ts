import { cniRecordIds, readCniRecord } from '../containers/resources/cni-record.ts';
import type { EngineContext } from '../context.ts';
import { compareImages } from '../images/adopt/compare.ts';
import type { Finding } from './api.ts';
import { imagesWith } from './images-with.ts';

/** What is found by names alone. */
export type Difference = Omit<Finding, 'sizeBytes' | 'isRepaired'>;

/** Where the records and what is below the root folder do not agree, without sizes. All in one turn. */
export function compareAll(context: EngineContext): Difference[] {
  return [
    ...ofImages(context),
    ...ofContainers(context),
    ...ofCni(context),
    ...ofVolumes(context),
    ...others(context),
  ];
}

const places = { layers: 'layers', recipes: 'recipes', blobs: 'blobs/sha256' } as const;
const kinds = { layers: 'layer', recipes: 'recipe', blobs: 'blob' } as const;
type Kind = keyof typeof places;

/** Where a digest's file is, below the root folder. */
export function pathOf(kind: Kind, digest: string): string {
  const name = kind === 'blobs' ? digest.slice('sha256:'.length) : digest.replace(':', '-');
  return `${places[kind]}/${name}`;
}

function ofImages({ images }: EngineContext): Difference[] {
  const { missing, strange, drafts } = compareImages(images);
  const found = (problem: 'missing' | 'strange') => (kind: Kind) =>
    [...(problem === 'missing' ? missing : strange)[kind]].sort().map(
      (digest): Difference => ({
        problem,
        kind: kinds[kind],
        path: pathOf(kind, digest),
        note:
          problem === 'strange'
            ? 'it has no record; a repair removes it'
            : imagesWith(images, digest) || 'no image has it; a repair forgets it',
      }),
    );
  const all = Object.keys(places) as Kind[];
  return [
    ...all.flatMap(found('missing')),
    ...all.flatMap(found('strange')),
    ...drafts.map(
      (name): Difference => ({
        problem: 'strange',
        kind: 'draft',
        path: `ingest/${name}`,
        note: 'no call is writing it; a repair removes it',
      }),
    ),
  ];
}

function ofContainers({ registry, folders }: EngineContext): Difference[] {
  const missing = registry.all().filter(({ id }) => !folders.exist(id));
  const strange = folders.list().filter((id) => registry.byId(id) === null);
  return [
    ...missing.map(
      ({ id, name }): Difference => ({
        problem: 'missing',
        kind: 'container',
        path: `containers/${id}`,
        note: `of container ${name}, which cannot start without it: remove it`,
      }),
    ),
    ...strange.map(
      (id): Difference => ({
        problem: 'strange',
        kind: 'container',
        path: `containers/${id}`,
        note: 'of no container; move away what you want to keep before likerd starts anew, which removes it',
      }),
    ),
  ];
}

/** What plugins could not take away. */
function ofCni(context: EngineContext): Difference[] {
  return cniRecordIds(context).flatMap((id): Difference[] => {
    const failure = readCniRecord(context, id)?.failure ?? '';
    return failure === ''
      ? []
      : [
          {
            problem: 'strange',
            kind: 'network',
            path: `cni/${id}.json`,
            note: `${failure}; likerd tries again every ten minutes and at its start, until this file is gone`,
          },
        ];
  });
}

function ofVolumes({ volumes }: EngineContext): Difference[] {
  const { missing, strange } = volumes.compare();
  const found = (problem: Finding['problem'], names: readonly string[], note: string): Difference[] =>
    names.map((name) => ({ problem, kind: 'volume', path: `volumes/${name}`, note }));
  return [
    ...found('missing', missing, 'its files are lost; a repair makes it anew, empty'),
    ...found('strange', strange, 'a repair makes it a volume again'),
  ];
}

function others({ rootFolder }: EngineContext): Difference[] {
  return rootFolder.foreign().map((path) => ({
    problem: 'strange',
    kind: 'other',
    path,
    note:
      path.startsWith('set-aside/') || path.startsWith('liker.db.corrupt-')
        ? 'moved aside when a record was lost; remove it when you no longer need it'
        : 'likerd does not use it; remove it by hand, or move it away',
  }));
}
