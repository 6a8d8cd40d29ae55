import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
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

const user = (args: readonly string[], input = ''): Promise<{ code: number | null; out: string; err: string }> =>
  new Promise((resolve) => {
    const flags = ['--data', directory, '--server-name', 'here.test'];
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', program, 'user', ...args, ...flags],
      {
        cwd: directory,
        env: { PATH: process.env.PATH },
      },
    );
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    child.once('close', (code) => resolve({ code, out, err }));
    child.stdin.end(input);
  });

test('users are made, listed and ended from the command line', { timeout: 30_000 }, async () => {
  const made = await user(['create', 'alice', '--admin']);
  expect([made.code, made.err]).toEqual([0, '']);
  expect(made.out).toMatch(/^@alice:here\.test\nPassword: \w{18}\n$/);
  const changed = await user(['reset-password', 'alice', '--password-file', '-'], 'a new one\n');
  expect([changed.code, changed.out]).toEqual([0, 'The password of @alice:here.test is changed.\n']);
  const asked = await user(['deactivate', 'alice']);
  expect([asked.code, asked.err]).toEqual([1, expect.stringContaining('--yes')]);
  expect((await user(['deactivate', 'alice', '--yes'])).code).toBe(0);
  expect((await user(['list'])).out).toBe('@alice:here.test\tdeactivated\n');
});
