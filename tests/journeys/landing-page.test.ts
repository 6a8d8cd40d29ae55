// Somebody starts the server for the first time, opens its address in a browser and does what the page says next.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBrowser } from '../harness/browser.ts';
import { startServer } from '../harness/server.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

test('a server that is set up tells visitors how to use it', async () => {
  await using server = await startServer({ serverName: 'example.org' });
  const page = await browser.newPage();
  await page.goto(server.baseUrl);
  expect(await page.title()).toBe('example.org');
  expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('example.org is a Matrix homeserver');
  expect(await page.getByRole('link', { name: 'Matrix client' }).getAttribute('href')).toMatch(
    /^https:\/\/matrix\.org\//,
  );
  await page.close();
});
