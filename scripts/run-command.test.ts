import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runCommand } from './run-command.ts';

test('gives output, exit code and the Node.js of this process', async () => {
  const { code, output } = await runCommand('node', ['-e', 'console.log(process.version); process.exit(3)']);
  expect({ code, output }).toEqual({ code: 3, output: `${process.version}\n` });
});

test('a program that does not exist is an exit code', async () => {
  expect((await runCommand('no-such-program-anywhere', [])).code).toBe(127);
});

test.runIf(process.platform === 'linux')(
  'a program that is not over in time is killed together with its children',
  async () => {
    const script = `
    const { pid } = require('node:child_process').spawn(process.execPath, ['-e', 'for (;;);']);
    console.log(pid);
    for (;;);`;
    let pid = 0;
    const onOutput = (text: string): void => {
      pid = Number(text);
    };
    const { code } = await runCommand('node', ['-e', script], { timeoutMs: 1500, onOutput });
    expect(code).toBe(124);
    expect(pid).toBeGreaterThan(0);
    await expect.poll(() => isAlive(pid)).toBe(false);
  },
);

// A process that was killed may stay in the table of processes, as a zombie, until somebody asks for its exit code.
const isAlive = (pid: number): boolean => {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};
