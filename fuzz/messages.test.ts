import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { read } from '../common/schema.ts';
import { definitions } from '../daemon/api/liker/definitions.ts';
import { formatContainerSpec } from '../daemon/api/liker/format/container-spec.ts';
import { parseSpec } from '../daemon/api/liker/parse/container-spec.ts';
import { parseFilters, parseList, parseLogCursor, parseStop } from '../daemon/api/liker/parse/requests.ts';
import { parseAttach, parseInput } from '../daemon/api/liker/parse/session.ts';
import { checkDecoded, marksUndecodable } from '../daemon/api/wire/decoding.ts';
import { specSchema, withDefaults } from '../daemon/engine/containers/model/spec.ts';
import { checkSpec } from '../daemon/engine/containers/rules/check-spec.ts';
import { checkSessionId, sessionIdOf, sessionNumber } from '../daemon/engine/sessions/session-id.ts';
import { message, methods, mutated, specRequest } from './messages.ts';
import { accepted, holds, textOf } from './property.ts';
import { Random } from './random.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

/** Random bytes for a method: a valid message of its type, or a changed one. */
function bytesFor(type: string, seed: number): Buffer {
  const random = new Random(seed);
  const valid = message(type, random);
  return random.oneIn(2) ? valid : mutated(valid, random, message(type, random));
}

/** A request as a handler gets it; undefined if its bytes are no valid message. */
function decoded<T>(method: { requestDeserialize(bytes: Buffer): T }, bytes: Buffer): T | undefined {
  try {
    return method.requestDeserialize(bytes);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

test('whatever bytes come as a request, the answer is a message or BAD_ARGUMENT', () => {
  const services = new Map(
    Object.entries(definitions).map(([name, service]) => [name, marksUndecodable(service)]),
  );
  holds(
    fc.tuple(seeds, fc.constantFrom(...methods)),
    ([seed, method]) => {
      const definition = services.get(method.service)?.[method.name];
      assert.ok(definition, method.path);
      const request = definition.requestDeserialize(bytesFor(method.request, seed));
      accepted(() => checkDecoded(method.name, request));
    },
    2000,
  );
});

test('a spec of any message is refused with BAD_ARGUMENT, or can be stored, read again, and shown', () => {
  const create = definitions.ContainerService.CreateContainer;
  let kept = 0;
  holds(
    seeds,
    (seed) => {
      const random = new Random(seed);
      const bytes = random.oneIn(4)
        ? message('CreateContainerRequest', random)
        : specRequest('CreateContainerRequest', random);
      const request = decoded(create, bytes);
      if (request === undefined) return;
      const spec = accepted(() => {
        const parsed = withDefaults(parseSpec(request.spec, 'spec', { uid: 1000, gid: 1000 }));
        checkSpec(parsed);
        return parsed;
      });
      if (spec === undefined) return;
      kept += 1;
      const stored = JSON.stringify(spec);
      assert.deepEqual(read(specSchema, stored, 'spec'), JSON.parse(stored));
      assert.ok(formatContainerSpec(spec));
    },
    3000,
  );
  assert.ok(kept > 100, `${kept} specs were accepted`);
});

test('frames of sessions, lists, cursors and ids', () => {
  const { Exec } = definitions.SessionService;
  holds(seeds, (seed) => {
    const input = decoded(Exec, message('ExecRequest', new Random(seed)))?.input;
    if (input) accepted(() => parseInput(input));
  });
  holds(seeds, (seed) => {
    const start = decoded(
      definitions.SessionService.Attach,
      message('AttachRequest', new Random(seed)),
    )?.start;
    if (start) accepted(() => parseAttach(start));
  });
  holds(seeds, (seed) => {
    const random = new Random(seed);
    const list = decoded(
      definitions.ContainerService.ListContainers,
      message('ListContainersRequest', random),
    );
    if (list) accepted(() => parseList(list));
    if (list) accepted(() => parseFilters(list.filters));
    const stop = decoded(definitions.ContainerService.StopContainer, message('StopContainerRequest', random));
    if (stop) accepted(() => parseStop(stop));
  });
  holds(textOf('1', '-', '123', '999999999999'), (text) => {
    const place = accepted(() => parseLogCursor(text));
    if (place) assert.equal(`${place.segment}-${place.offset}`.length <= text.length, true);
  });
  holds(
    fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(sessionIdOf), textOf('0', 'f', 'G')),
    (id) => {
      const known = accepted(() => checkSessionId(id));
      if (known !== undefined) assert.equal(sessionIdOf(sessionNumber(known)), known);
    },
  );
});
