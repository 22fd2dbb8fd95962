// What likerd answers by Docker's API beside what Debian's dockerd 20.10 answered to the same: requests, and command lines of its client.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { dockerSuite } from '../harness/docker-client.ts';
import { NetBox } from '../harness/net-box.ts';
import { requires, requiresProgram } from '../harness/requires.ts';
import { differences, type Summary, summaries } from './answers.ts';
import { known } from './differences.ts';
import { client, lines, outcomes } from './lines.ts';
import { readRecorded } from './recorded.ts';

const box = await NetBox.open();
after(() => box.close());
const s = dockerSuite({ within: box.machine.within, args: ['--default-network', 'bridge'] });

test(
  'requests have the answers that dockerd gave, or differ as it is written down',
  requiresProgram('busybox'),
  async () => {
    const there = readRecorded<Summary[]>('requests');
    const here = await summaries(s.dockerSocket);
    assert.deepEqual(
      here.map(({ request }) => request),
      there.map(({ request }) => request),
      'run record.ts',
    );
    const found = there.flatMap((one, index) =>
      differences(one, here[index] as Summary).map((text) => ({ text, request: one.request })),
    );
    const isKnown = ({ text, request }: (typeof found)[number]) =>
      known.some(({ what, where }) => what.test(text) && (where?.test(request) ?? true));
    const others = Map.groupBy(
      found.filter((one) => !isKnown(one)),
      ({ text }) => text,
    );
    const told = [...others].map(([text, all]) =>
      [text, ...all.map(({ request }) => `    ${request}`)].join('\n'),
    );
    assert.equal(told.join('\n'), '');
    const stale = known.filter(({ what, where }) =>
      found.every(({ text, request }) => !what.test(text) || where?.test(request) === false),
    );
    assert.deepEqual(stale, [], 'what no longer differs is no longer written down');
  },
);

describe('command lines do what they did with dockerd, or differ as it is written down', () => {
  const there = readRecorded<Record<string, string>>('lines');
  let here: Record<string, string> = {};
  const needs = requires('the client of docker 20.10', isRecordedClient());
  before(async () => {
    if (needs.skip) return;
    here = await outcomes(s.dockerSocket, { work: s.folder('lines'), within: box.machine.within });
  });
  for (const { command, why, own } of lines)
    test(command, needs, () => assert.equal(here[command], why === '' ? there[command] : own));
});

/** Messages of the client differ between releases. */
function isRecordedClient(): boolean {
  try {
    return execFileSync(client, ['--version'], { encoding: 'utf8' }).includes(' 20.10.');
  } catch {
    return false;
  }
}
