import type { Door } from '../door.ts';
import { type Answer, bytes, json } from '../http/answer.ts';
import { beginFully } from '../http/begin.ts';
import { bodyOf, type Call, flagOf, nameOf } from '../http/call.ts';
import { nameWithTag } from '../images/names.ts';
import { commitChanges } from './commit-changes.ts';
import { createBody } from './create-body.ts';

const kinds = { C: 0, A: 1, D: 2 } as const;

/** Null where nothing has changed, as in Docker. */
export async function containerChanges({ engine }: Door, call: Call): Promise<Answer> {
  const changes: object[] = [];
  for await (const { kind, path } of engine.files.changes(nameOf(call), call.signal))
    changes.push({ Path: path, Kind: kinds[kind] });
  return json(changes.length > 0 ? changes : null);
}

export async function exportContainer({ engine }: Door, call: Call): Promise<Answer> {
  return bytes(await beginFully(engine.files.export(nameOf(call), call.signal)), 'application/x-tar');
}

/** The body may set parts of the image's configuration. */
export async function commitContainer({ engine }: Door, call: Call): Promise<Answer> {
  const asked = await bodyOf(call, createBody);
  const { query, signal } = call;
  const repo = query.get('repo') ?? '';
  const image = await engine.files.commit(
    query.get('container') ?? '',
    {
      name: repo === '' ? '' : nameWithTag(repo, query.get('tag') ?? ''),
      author: query.get('author') ?? '',
      message: query.get('comment') ?? '',
      changes: [
        ...commitChanges(asked),
        ...query
          .getAll('changes')
          .flatMap((lines) => lines.split('\n'))
          .filter((line) => line !== ''),
      ],
      pause: flagOf(call, 'pause', true),
    },
    signal,
  );
  return json({ Id: image.id }, 201);
}
