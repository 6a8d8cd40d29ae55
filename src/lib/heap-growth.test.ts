import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { createHeapGrowth } from './heap-growth.ts';

test('the heap is bounded until the last of several works ends, also where one fails', async () => {
  const flags: string[] = [];
  const withHeapGrowth = createHeapGrowth((flag) => flags.push(flag));
  const outer = withHeapGrowth(100, async () => {
    await expect(withHeapGrowth(30, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect(flags).toEqual(['--heap-growing-percent=100', '--heap-growing-percent=30']);
    return 'done';
  });
  expect(await outer).toBe('done');
  expect(flags.at(-1)).toBe('--heap-growing-percent=0');
});

test('V8 knows the flag', () => {
  expect(execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })).toContain('--heap-growing-percent');
});
