import { expect, test } from 'vitest';
import { boundedQueue } from './bounded-queue.ts';

test('keeps order and refuses when full', async () => {
  const queue = boundedQueue<number>(2);
  expect([queue.push(1), queue.push(2), queue.push(3)]).toEqual([true, true, false]);
  expect(await queue.take()).toBe(1);
  expect(queue.push(4)).toBe(true);
  expect(queue.drain(10)).toEqual([2, 4]);
  expect(queue.length).toBe(0);
});

test('taking waits for an item and ends when closed', async () => {
  const queue = boundedQueue<string>(1);
  const taken = queue.take();
  queue.push('x');
  expect(await taken).toBe('x');
  const waiting = queue.take();
  queue.push('y');
  queue.push('z');
  queue.close();
  expect(await waiting).toBe('y');
  expect(await queue.take()).toBe('z');
  expect(await queue.take()).toBeUndefined();
  expect(queue.push('late')).toBe(false);
});

test('agrees with an array over many operations', () => {
  const queue = boundedQueue<number>(1000);
  const model: number[] = [];
  for (let i = 0; i < 5000; i++) {
    queue.push(i);
    if (model.length < 1000) model.push(i);
    if (i % 3 === 0) expect(queue.drain(2)).toEqual(model.splice(0, 2));
  }
  expect(queue.length).toBe(model.length);
  expect(queue.drain(5000)).toEqual(model);
});
