import { expect, test } from 'vitest';
import { deferred } from './deferred.ts';
import { keyedLock } from './keyed-lock.ts';

test('one key runs in order, different keys run together', async () => {
  const lock = keyedLock<string>();
  const ran: string[] = [];
  const gate = deferred();
  const first = lock.run('a', async () => {
    await gate.promise;
    ran.push('a1');
  });
  const second = lock.run('a', async () => void ran.push('a2'));
  const third = lock.run('a', async () => void ran.push('a3'));
  await lock.run('b', async () => void ran.push('b1'));
  expect(ran).toEqual(['b1']);
  expect(lock.isHeld('a')).toBe(true);
  expect(lock.isHeld('b')).toBe(false);
  gate.resolve();
  await Promise.all([first, second, third]);
  expect(ran).toEqual(['b1', 'a1', 'a2', 'a3']);
  expect(lock.size).toBe(0);
});

test('an error is passed on and frees the key', async () => {
  const lock = keyedLock<number>();
  const failing = lock.run(1, async () => {
    throw new Error('broken');
  });
  const next = lock.run(1, async () => 'fine');
  await expect(failing).rejects.toThrow('broken');
  expect(await next).toBe('fine');
  expect(lock.size).toBe(0);
});
