// Chromium for tests of pages, as Debian packages it, without a window.

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const programs = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

const findChromium = (): string => {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const found = folders.flatMap((folder) => programs.map((program) => join(folder, program))).find(existsSync);
  if (found === undefined) throw new Error('These tests need Chromium. Install it: apt-get install -y chromium');
  return found;
};

export const startBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: findChromium(),
    headless: true,
    // Its sandbox cannot be had as root or in containers; the pages are our own.
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
