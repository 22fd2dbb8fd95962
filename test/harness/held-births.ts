// Loaded into a likerd before its bundle (node --import): while the file LIKER_HELD_BIRTHS exists, likerd does not learn about
// new shims, as on a machine where it gets no CPU. It does not see that its group is frozen, as if that had come a moment later: a
// start would be refused.
import fs, { existsSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import koffi from 'koffi';

type Answer = (error: Error | null, result: number) => void;

const file = process.env['LIKER_HELD_BIRTHS'] ?? '';
const { load } = koffi;

function later(answer: Answer): Answer {
  const tell: Answer = (...told) => (existsSync(file) ? void setTimeout(tell, 1, ...told) : answer(...told));
  return tell;
}

koffi.load = (path) => {
  const library = load(path);
  const func = (declaration: string) => {
    const made = library.func(declaration);
    if (!declaration.includes('liker_spawn_shim')) return made;
    const async = (...values: unknown[]) =>
      made.async(...values.slice(0, -1), later(values.at(-1) as Answer));
    return Object.assign(made.bind(null), { async });
  };
  return { func } as unknown as typeof library;
};

const { openSync } = fs;
fs.openSync = (path, flags, mode) => {
  const isFreeze =
    flags === fs.constants.O_RDONLY && /\/liker-[0-9a-f]{8}\/cgroup\.freeze$/.test(String(path));
  return openSync(isFreeze ? '/dev/null' : path, flags, mode);
};
syncBuiltinESMExports();
