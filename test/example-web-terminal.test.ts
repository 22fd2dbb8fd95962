// examples/web-terminal: a shell in a real browser.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { after, test } from 'node:test';
import { exampleModules, installExample, requiresPackages } from './harness/example.ts';
import { requiresProgram } from './harness/requires.ts';
import { suite } from './harness/suite.ts';
import { hangMs, until, within } from './harness/until.ts';

const s = suite({ programs: ['stty'] });
const needs = requiresPackages.skip ? requiresPackages : requiresProgram('chromium');

/** The parts of Playwright that are used here: its types are beside it in dist/. */
interface Page {
  goto(url: string): Promise<unknown>;
  reload(): Promise<unknown>;
  setViewportSize(size: { width: number; height: number }): Promise<void>;
  readonly keyboard: { type(text: string): Promise<void>; press(key: string): Promise<void> };
  locator(selector: string): {
    allTextContents(): Promise<string[]>;
    count(): Promise<number>;
  };
}
interface Browser {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}
interface Playwright {
  readonly chromium: { launch(options: object): Promise<Browser> };
}

async function openPage(): Promise<Page> {
  const { chromium } = createRequire(`${exampleModules}/`)('playwright-core') as Playwright;
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    timeout: hangMs,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  after(() => browser.close());
  return browser.newPage();
}

/** Resolves to the URL of the server. */
async function serve(folder: string): Promise<string> {
  const server = spawn(process.execPath, ['--no-warnings', 'server.ts', 'debian', '0'], {
    cwd: folder,
    env: { PATH: process.env['PATH'], LIKER_HOST: `unix://${s.daemon.socket}` },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  after(async () => {
    server.kill('SIGKILL');
    await until('the containers of the server to be gone', async () => (await s.ok(['ps', '-aq'])) === '');
  });
  const [line] = (await within('the server', once(server.stdout, 'data'))) as [Buffer];
  return line.toString().trim();
}

test(
  'examples/web-terminal: typing, Ctrl-C, sizes, a reload, and a likerd that is killed',
  needs,
  async () => {
    await s.ok(['import', s.rootfs, 'debian']);
    const url = await serve(await installExample('web-terminal', ['@types/ws', '@xterm', 'ws']));
    const page = await openPage();
    const rows = page.locator('.xterm-rows > div');
    const screen = async () => (await rows.allTextContents()).join('\n');
    const shows = (what: RegExp) => until(`the page to show ${what}`, async () => what.exec(await screen()));
    const enter = async (line: string) => {
      await page.keyboard.type(line);
      await page.keyboard.press('Enter');
    };

    await page.goto(url);
    await shows(/[#$]/);
    await enter('kept=yes; echo $((6 * 7)) is the answer');
    await shows(/^42 is the answer/m);

    await enter('echo begun; sleep 1000');
    await shows(/^begun/m);
    await page.keyboard.press('Control+C');
    await enter('echo ended with $?');
    await shows(/^ended with 130/m);

    await page.setViewportSize({ width: 700, height: 320 });
    await until('the terminal to be smaller', async () => (await rows.count()) < 24);
    const count = await rows.count();
    // Its new size comes to the shell as a message, and so do these keys: in their order.
    await enter('echo size $(stty size)');
    await shows(new RegExp(`^size ${count} \\d+`, 'm'));

    await page.reload();
    await shows(/^size /m);
    await enter('echo $kept again');
    await shows(/^yes again/m);

    await s.daemon.kill9();
    await s.daemon.start();
    await enter('echo still $kept');
    await shows(/^still yes/m);

    await enter('exit 3');
    await shows(/the shell ended with 3/);
    const { status } = await fetch(`${url}none`);
    assert.equal(status, 404);
  },
);
