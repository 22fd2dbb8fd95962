// A volume at /dev whose entries lead elsewhere: neither a mount, a mode nor a byte may reach what they lead to.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostileSuite, inBothModes, type Mode } from './modes.ts';
import { workFolder } from './root.ts';

const s = hostileSuite();
const work = workFolder();
const names = [
  'null',
  'zero',
  'console',
  'tty',
  'ptmx',
  'pts',
  'shm',
  'mqueue',
  'fd',
  'stdin',
  'stdout',
  'stderr',
];

interface Scene {
  readonly volume: string;
  readonly target: string;
  readonly state: () => string;
}

/** A volume in which `linked` lead to a file or folder outside, and the rest is as the engine needs it. */
function scene(name: string, linked: readonly string[], kind: 'file' | 'folder'): Scene {
  const volume = join(work, name);
  const target = join(work, `${name}-target`);
  mkdirSync(volume);
  if (kind === 'file') writeFileSync(target, 'of the host', { mode: 0o640 });
  else mkdirSync(target, { mode: 0o750 });
  for (const entry of names) {
    if (linked.includes(entry)) symlinkSync(target, join(volume, entry));
    else if (['pts', 'shm', 'mqueue'].includes(entry)) mkdirSync(join(volume, entry));
    else if (entry === 'null') execFileSync('mknod', ['-m', '666', join(volume, entry), 'c', '1', '3']);
  }
  const state = (): string => {
    const { uid, gid, mode, mtimeMs, size } = statSync(target);
    const mounted = readFileSync('/proc/self/mountinfo', 'utf8').includes(target);
    return JSON.stringify({ uid, gid, mode, mtimeMs, size, mounted });
  };
  return { volume, target, state };
}

/** Starts with it in every way: with a terminal it is refused, since the volume has no devpts. True if the other one ran. */
async function enter({ flags }: Mode, volume: string): Promise<boolean> {
  let ran = false;
  const script = 'echo x >/dev/null; echo y >/dev/console; echo z >/dev/stdout; true';
  for (const tty of [[], ['-t']]) {
    const { code, stderr } = await s.run([...flags, ...tty, '-v', `${volume}:/dev`], ['sh', '-c', script]);
    assert.ok(code === 0 || code === 125, stderr);
    assert.doesNotMatch(stderr, /[Ii]nternal/);
    ran ||= code === 0;
  }
  return ran;
}

inBothModes(
  'CVE-2026-88264, CVE-2026-88265: links in a volume at /dev are not followed out of it',
  async (mode) => {
    for (const kind of ['file', 'folder'] as const)
      for (const linked of [names, ...names.map((name) => [name])]) {
        const { volume, state } = scene(`${mode.userns}-${kind}-${linked.join('-')}`, linked, kind);
        const before = state();
        await enter(mode, volume);
        assert.equal(state(), before, linked.join());
      }
  },
);

inBothModes(
  'T6, T9: entries of a volume at /dev that another container swaps all the time lead nowhere',
  async (mode) => {
    for (const name of ['console', 'pts', 'null']) {
      const { volume, target, state } = scene(
        `${mode.userns}-swapped-${name}`,
        [],
        name === 'pts' ? 'folder' : 'file',
      );
      if (!existsSync(join(volume, name))) writeFileSync(join(volume, name), '');
      symlinkSync(target, join(volume, 'other'));
      const before = state();
      const paths = [`/v/${name}`, '/v/other'];
      const swapper = s.start(
        ['run', '-i', '--rm', ...mode.flags, '-v', `${volume}:/v`, s.rootfs, 'intruder', 'swap', ...paths],
        { stdin: 'open' },
      );
      await swapper.waitFor('ready');
      for (let turn = 0; turn < 10; turn += 1) await enter(mode, volume);
      swapper.write('over');
      assert.equal((await swapper.outcome).code, 0, swapper.stderr);
      assert.equal(state(), before, name);
    }
  },
);
