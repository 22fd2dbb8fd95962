// Images of many makers and with odd entries: Liker, umoci, podman and docker make the same of them, entry by entry, or the reason
// why not is known.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { asError } from '../common/errors.ts';
import type { Node } from '../native/test/unpacked.ts';
import { requiresMirror, requiresProgram } from './harness/requires.ts';
import { suite } from './harness/suite.ts';
import { byHand } from './images-compare/by-hand.ts';
import { byTools } from './images-compare/by-tools.ts';
import { type Difference, differences, toldFolders } from './images-compare/differences.ts';
import { explanation, known } from './images-compare/known.ts';
import { exec, writeLayout } from './images-compare/layout.ts';
import { Docker, mergedTree, Podman, type Reader, Umoci } from './images-compare/readers.ts';

/** What they do is known of these versions: those of Debian 12. */
const versions = { umoci: '0.4.7', podman: '4.3.1', buildah: '1.28.2', dockerd: '20.10.24', skopeo: '1.9.3' };

function otherVersion(): string | false {
  const { skip } = requiresProgram(
    ...Object.keys(versions),
    'containerd',
    'bsdtar',
    'setcap',
    'setfattr',
    'busybox',
  );
  if (skip !== false) return skip;
  const other = Object.entries(versions).find(
    ([program, version]) => !spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout.includes(version),
  );
  return other ? `is about ${other.join(' ')}, and this machine has another version` : false;
}

/** Mounts a tmpfs there, since the others sync a disk often; false: it takes no attributes of users, as before Linux 6.6. */
function useMemory(folder: string): boolean {
  exec('mount', '-t', 'tmpfs', '-o', 'mode=0700', 'tmpfs', folder);
  if (spawnSync('setfattr', ['-n', 'user.test', '-v', 'x', folder]).status === 0) return true;
  exec('umount', folder);
  return false;
}

const s = suite();

describe('beside umoci, podman and docker', { skip: otherVersion() }, () => {
  // podman takes no path with capital letters for an image's name.
  const top = join(tmpdir(), `lk-compare-${process.pid}`);
  const explained = new Set<object>();
  let tools: { readonly podman: Podman; readonly docker: Docker };
  let readers: readonly Reader[] = [];
  const stack = new AsyncDisposableStack();

  before(async () => {
    mkdirSync(top);
    stack.defer(() => rmSync(top, { recursive: true, force: true }));
    if (useMemory(top)) stack.defer(() => void exec('umount', '-l', top));
    const dockers = [
      stack.use(await Docker.start(top, 'vfs')),
      stack.use(await Docker.start(top, 'overlay2')),
    ] as const;
    const podmans = [stack.use(new Podman(top, 'vfs')), stack.use(new Podman(top, 'overlay'))] as const;
    tools = { podman: podmans[1], docker: dockers[0] };
    readers = [new Umoci(top), ...podmans, ...dockers];
  });
  after(() => stack.disposeAsync());

  /** The root of the image in a layout, by Liker: what overlayfs makes of its layers. */
  async function ours(layout: string): Promise<Map<string, Node>> {
    const loaded = await s.ok(['load', '-q', '-i', layout]);
    const id = /sha256:[0-9a-f]{64}/.exec(loaded)?.[0] ?? '';
    const diffIds: string[] = JSON.parse(
      await s.ok(['image', 'inspect', '-f', '{{json .RootFS.Layers}}', id]),
    );
    try {
      return mergedTree(
        top,
        diffIds.map((diffId) => join(s.daemon.root, 'layers', diffId.replace(':', '-'))),
      );
    } finally {
      await s.ok(['rmi', id]);
    }
  }

  async function compare(image: string, layout: string): Promise<void> {
    const root = await ours(layout);
    const isTold = toldFolders(layout);
    const found = await Promise.all(
      readers.map(async (reader): Promise<readonly Difference[]> => {
        const of = { image, reader: reader.name };
        try {
          return differences(of, root, await reader.read(layout), isTold);
        } catch (error) {
          return [{ ...of, path: '', field: 'refused', ours: '', theirs: asError(error).message }];
        }
      }),
    );
    const surprises = found.flat().filter((difference) => {
      const reason = explanation(difference);
      if (reason) explained.add(reason);
      return reason === null;
    });
    assert.deepEqual(surprises, []);
  }

  let count = 0;
  /** A folder for an image. */
  function place(): string {
    const folder = join(top, String(count++));
    mkdirSync(folder);
    return folder;
  }

  for (const [image, made] of Object.entries(byHand))
    test(image, async () => {
      const layout = place();
      writeLayout(layout, made);
      await compare(image, layout);
    });

  for (const [image, make] of Object.entries(byTools))
    test(image, { skip: image.startsWith('mmdebstrap') && requiresMirror('mmdebstrap').skip }, async () => {
      const work = place();
      make(work, tools);
      await compare(image, join(work, 'layout'));
      rmSync(work, { recursive: true });
    });

  test('every known difference was seen', () => {
    assert.deepEqual(
      known.filter((reason) => !explained.has(reason)).map(({ why }) => why),
      [],
    );
  });
});
