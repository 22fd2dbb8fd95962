import { setImmediate } from 'node:timers/promises';
import type { ContainerSample, EngineApi } from '../engine/api.ts';
import { families } from './families.ts';

/** How long writing may hold up everything else. */
const sliceMs = 5;

/**
 * The figures of all containers that run, in Prometheus' text format, one family of lines at a time. Written here and not
 * by the library: what it keeps for every line would cost more than reading the figures.
 */
export async function* containerFigures(engine: EngineApi): AsyncGenerator<string> {
  const options = { containers: [], all: false, intervalMs: null, watched: true };
  const { containers } = await engine.stats(options, new AbortController().signal);
  const running = containers.map((sample) => ({ sample, labels: identity(sample) }));
  let sliceEnd = performance.now() + sliceMs;
  for (const { name, type, help, write } of families) {
    let lines = '';
    for (const { sample, labels } of running) {
      if (sample.figures === null) continue;
      write(sample.figures, (value, more = '') => {
        if (value !== null && value !== undefined) lines += `${name}{${labels}${more}} ${value}\n`;
      });
    }
    if (lines !== '') yield `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines}`;
    if (performance.now() < sliceEnd) continue;
    await setImmediate();
    sliceEnd = performance.now() + sliceMs;
  }
}

/** Neither an id nor a name holds what must be escaped. */
function identity({ id, name }: ContainerSample): string {
  return `id="${id}",name="${name}"`;
}
