import { expect, test } from 'vitest';
import { deferred } from './deferred.ts';
import { createTurns } from './turns.ts';

test('works beyond the limit wait in order, and beyond the queue are refused', async () => {
  const inTurn = createTurns({ runningMax: 1, waitingMax: 1, full: () => new Error('full') });
  const order: string[] = [];
  const gate = deferred();
  const first = inTurn(async () => {
    order.push('first');
    await gate.promise;
    throw new Error('failed');
  });
  const second = inTurn(async () => order.push('second'));
  await expect(inTurn(async () => undefined)).rejects.toThrow('full');
  expect(order).toEqual(['first']);
  gate.resolve();
  await expect(first).rejects.toThrow('failed');
  await second;
  expect(await inTurn(async () => 'third')).toBe('third');
  expect(order).toEqual(['first', 'second']);
});
