// Somebody starts the server for the first time, opens its address in a browser and does what the page says next.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBrowser } from '../harness/browser.ts';
import { login } from '../harness/client.ts';
import { freePort, startServer } from '../harness/server.ts';
import { until } from '../harness/until.ts';

const root = new URL('../../', import.meta.url).pathname;

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

interface Running extends AsyncDisposable {
  readonly output: () => string;
  readonly ended: Promise<number>;
}

/** Runs a command of the page as npm would, but in a folder of its own. */
const run = (command: string, folder: string, env: Record<string, string>): Running => {
  const [start, kintsugi] = [/^npm start(?: -- )?/, /^npm run kintsugi -- /];
  const args = start.test(command) ? `serve ${command.replace(start, '')}` : command.replace(kintsugi, '');
  const words = [join(root, 'src/cli/kintsugi.js'), ...args.trim().split(' ')];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...words], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data: Buffer) => {
      output += data.toString();
    });
  }
  const ended = once(child, 'close').then(([code]) => code);
  return {
    output: () => output,
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGINT');
      await ended;
    },
  };
};

const untilOpen = (page: Page, url: string, { output }: Running) =>
  until(`answer of ${url}`, () => page.goto(url)).catch((cause) => {
    throw new Error(output(), { cause });
  });

/** What a reader would stumble over; runs in the page. */
const findFlaws = `(() => {
  const found = [];
  if (document.documentElement.scrollWidth > window.innerWidth) found.push('the page is wider than the window');
  for (const element of document.querySelectorAll('h1, h2, p, li, a, code, pre, footer')) {
    const { fontSize, display } = getComputedStyle(element);
    if (parseFloat(fontSize) < 13) found.push(element.tagName + ' has letters of ' + fontSize);
    if (display !== 'inline' && element.scrollWidth > element.clientWidth) found.push(element.tagName + ' is cut off');
  }
  const { fontFamily, lineHeight, fontSize } = getComputedStyle(document.body);
  if (!fontFamily.includes('sans-serif')) found.push('the style is not applied');
  if (parseFloat(lineHeight) < 1.4 * parseFloat(fontSize)) found.push('the lines are too close');
  return found;
})()`;

const flaws = (page: Page): Promise<string[]> => page.evaluate<string[]>(findFlaws);

test('what the page says leads to a server that one can sign in to', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'kintsugi-landing-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = { KINTSUGI_LISTEN: `127.0.0.1:${port}` };
  const page = await browser.newPage();
  stack.defer(() => page.close());
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));

  let commands: string[];
  {
    await using first = run('npm start', folder, env);
    await untilOpen(page, url, first);
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('localhost is a Matrix homeserver');
    commands = await page.locator('pre').allInnerTexts();
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [1200, 360]) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 800 });
        expect(await flaws(page)).toEqual([]);
      }
    }
    // Another program may not touch an embedded database while the server runs: the page tells to stop it.
    const early = run(commands[0] ?? '', folder, env);
    expect([await early.ended, early.output()]).toEqual([1, expect.stringContaining('What to do: Stop that process')]);
  }
  expect(complaints).toEqual([]);
  expect(commands).toHaveLength(5);
  const [makeAccount = '', startAgain = '', copy = '', makeThere = '', startThere = ''] = commands;

  const signIn = async (make: string, start: string): Promise<string> => {
    const making = run(make, folder, env);
    expect([await making.ended, making.output()]).toEqual([0, expect.stringContaining('Password: ')]);
    const password = /^Password: (.+)$/m.exec(making.output())?.[1] ?? '';
    await using server = run(start, folder, env);
    await untilOpen(page, url, server);
    return (await login(url, 'alice', password)).userId;
  };
  expect(await signIn(makeAccount, startAgain)).toBe('@alice:localhost');

  const [, from = '', to = ''] = /^cp (\S+) (\S+)$/.exec(copy) ?? [];
  await copyFile(join(root, from), join(folder, to));
  const config = await readFile(join(folder, to), 'utf8');
  await writeFile(join(folder, to), config.replace('dataDirectory: ./data', 'dataDirectory: ./for-good'));
  expect(await signIn(makeThere, startThere)).toBe('@alice:example.org');
  expect(await page.title()).toBe('example.org');
});

test('a server that is set up tells visitors how to use it', async () => {
  await using server = await startServer({ serverName: 'example.org' });
  const page = await browser.newPage();
  await page.goto(server.baseUrl);
  expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('example.org is a Matrix homeserver');
  const link = page.getByRole('link', { name: 'Matrix client' });
  expect(await link.getAttribute('href')).toMatch(/^https:\/\/matrix\.org\//);
  expect(await page.innerText('body')).not.toContain('npm');
  expect(await flaws(page)).toEqual([]);
  await page.close();
});
