import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const program = fileURLToPath(new URL('./kintsugi.js', import.meta.url));
let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'kintsugi-cli-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** `onError` sees what was written to standard error so far. */
const kintsugi = (
  args: string[],
  onError?: (err: string, kill: (signal: NodeJS.Signals) => void) => void,
): Promise<Run> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...args], {
      cwd: directory,
      env: { PATH: process.env.PATH },
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
      onError?.(err, (signal) => child.kill(signal));
    });
    child.once('close', (code) => resolve({ code, out, err }));
  });

test('serve runs until SIGTERM and ends with 0', async () => {
  const run = await kintsugi(['serve', '--listen', '127.0.0.1:0', '--data', join(directory, 'data')], (err, kill) => {
    if (err.includes('Open http://localhost:')) kill('SIGTERM');
  });
  expect([run.code, run.out]).toEqual([0, '']);
  expect(run.err).toContain('Kintsugi is ready');
  expect(run.err).toContain('Kintsugi has stopped');
});

test.concurrent.each([
  [['serve', '--server-name', 'not a name'], 1, /--server-name: serverName: "not a name" is no server name/],
  [['serve', '--listen', '127.0.0.1'], 1, /--listen: listen: "127.0.0.1" must be host:port/],
  [['serve', '--config', 'nowhere.yaml'], 1, /there is no such file/],
  [
    ['serve', '--data', '/dev/null/x'],
    1,
    /data directory .dev.null.x cannot be used(.|\n)*What to do: Make it writable/,
  ],
  [['serve', '--lissen', 'x'], 2, /Did you mean --listen/],
  [['sevre'], 2, /Did you mean serve/],
])('%j is refused with %i', async (args, code, message) => {
  const run = await kintsugi(args);
  expect(run.code).toBe(code);
  expect(run.err).toMatch(message);
  expect(run.err).not.toMatch(/\n {4}at /);
});

test('config check and print, version and help', async () => {
  const file = join(directory, 'good.yaml');
  writeFileSync(file, 'serverName: example.org\nregistration:\n  sharedSecret: hush\n');
  const [check, print, version, help] = await Promise.all([
    kintsugi(['config', 'check', '--config', file]),
    kintsugi(['config', 'print', '--config', file, '--listen', ':1']),
    kintsugi(['version']),
    kintsugi(['--help']),
  ]);
  expect([check.code, check.out]).toEqual([0, 'The configuration is good.\n']);
  expect(print.out).toContain('serverName: example.org');
  expect(print.out).toContain('- :1');
  expect(print.out).not.toContain('hush');
  expect(version.out).toMatch(/^kintsugi \d+\.\d+\.\d+ \(Node\.js \d+/);
  expect([help.code, help.out]).toEqual([0, expect.stringContaining('Examples:')]);
});
