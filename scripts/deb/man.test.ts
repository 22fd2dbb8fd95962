import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { spellings } from '../../client/cli/flag.ts';
import { commands, otherNames } from '../../client/registry.ts';
import { clientPages, daemonPage, parseDaemonHelp, shortPage } from './man.ts';
import { Page } from './roff.ts';

const options = { date: '2026-01-02', version: '1.2.3' };

const help = `likerd [options]

Options:
      --root   Folder for persistent data  [string] [default: "/var/lib/liker"]
      --log-level  What to log  [choices: "error", "info"] [default: "info"]
      --stop-containers-on-exit  Stop all containers at SIGTERM  [boolean] [default: false]
`;

test('the page of likerd has the options of its --help', () => {
  assert.deepEqual(parseDaemonHelp(help), [
    { name: '--root VALUE', text: 'Folder for persistent data. Default: /var/lib/liker.' },
    { name: '--log-level VALUE', text: 'What to log. One of error, info. Default: info.' },
    { name: '--stop-containers-on-exit', text: 'Stop all containers at SIGTERM.' },
  ]);
});

test('text that looks like a roff request is escaped', () => {
  const page = new Page({ name: 'x', section: '1', ...options })
    .text(".so /etc/passwd 'quoted' back\\slash")
    .toString();
  assert.match(page, /^\\&\.so \/etc\/passwd \\\(aqquoted\\\(aq back\\eslash$/m);
});

test('every command and every flag is in the page', async () => {
  const loaded = await Promise.all(commands.map((entry) => entry.load()));
  const pages = clientPages(loaded, options);
  assert.equal(pages.size, loaded.length + 1);
  for (const { name, flags } of loaded) {
    const page = pages.get(`likerctl-${name.replaceAll(' ', '-')}.1`) ?? '';
    for (const word of [...flags.flatMap(spellings), ...otherNames(name)])
      assert.ok(page.includes(word.replaceAll('-', '\\-')), `${name}: ${word}`);
  }
});

const groff = { skip: !existsSync('/usr/bin/groff') && 'needs groff, which this machine lacks' };
test('groff reports no warning for any page', groff, async () => {
  const loaded = await Promise.all(commands.map((entry) => entry.load()));
  const texts = [...clientPages(loaded, options).values(), daemonPage(help, options), shortPage(options)];
  for (const input of texts) {
    const warnings = execFileSync('sh', ['-c', 'groff -man -ww -Tutf8 2>&1 >/dev/null'], { input });
    assert.equal(warnings.toString(), '');
  }
});
