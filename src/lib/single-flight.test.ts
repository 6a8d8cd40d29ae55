import { expect, test } from 'vitest';
import { deferred } from './deferred.ts';
import { singleFlight } from './single-flight.ts';

test('those who ask at the same time share one run, later ones get their own', async () => {
  const flights = singleFlight<string, number>();
  const gate = deferred();
  let runs = 0;
  const work = async (): Promise<number> => {
    runs += 1;
    await gate.promise;
    return runs;
  };
  const both = Promise.all([flights.run('a', work), flights.run('a', work), flights.run('b', async () => 9)]);
  expect(flights.size).toBe(2);
  gate.resolve();
  expect(await both).toEqual([1, 1, 9]);
  expect(flights.size).toBe(0);
  expect(await flights.run('a', work)).toBe(2);
});

test('all get the error, and it is not kept', async () => {
  const flights = singleFlight<string, number>();
  const fail = (): Promise<number> => {
    throw new Error('no');
  };
  const both = await Promise.allSettled([flights.run('a', fail), flights.run('a', fail)]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await flights.run('a', async () => 1)).toBe(1);
});
