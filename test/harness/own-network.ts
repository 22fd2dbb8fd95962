import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';

const marker = 'LIKER_OWN_NETWORK';

/**
 * Defines tests of a file that change the network of their own process: the file is run once more, in a network namespace that ends with
 * it, and there they are.
 */
export function inOwnNetwork(file: string, define: () => void): void {
  if (process.env[marker] !== undefined) define();
  else test(`${file} in a network namespace of its own`, () => runInside(file));
}

async function runInside(file: string): Promise<void> {
  const options = ['--disable-warning=ExperimentalWarning', '--test-reporter=tap', '--test', file];
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn('unshare', ['--net', process.execPath, ...options], {
    env: { ...env, [marker]: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(code, 0, output);
  assert.match(output, /^# pass [1-9]/m, output);
}
