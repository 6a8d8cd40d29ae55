import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EventId } from '../../protocol/ids/branded.ts';
import { createAuthOrder } from './auth-order.ts';

const id = (n: number): EventId => `$${n}` as EventId;

/** For each event the numbers of the events before it that it names. */
const graphs = fc
  .array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 30 })
  .map((events) => events.map((named, n) => (n === 0 ? [] : named.map((each) => each % n))));

test('in whatever order events come, each comes out once, after those that it names', () => {
  const shuffled = graphs.chain((graph) =>
    fc.record({
      graph: fc.constant(graph),
      order: fc.shuffledSubarray(
        graph.map((_, n) => n),
        { minLength: graph.length, maxLength: graph.length },
      ),
      lost: fc.subarray(graph.map((_, n) => n)),
    }),
  );
  fc.assert(
    fc.property(shuffled, ({ graph, order, lost }) => {
      const authOrder = createAuthOrder(graph.map((_, n) => id(n)));
      const out: number[] = [];
      const come = order.filter((n) => !lost.includes(n));
      for (const n of come) {
        expect(authOrder.isExpected(id(n))).toBe(true);
        const released = authOrder.add(id(n), graph[n]!.map(id), String(n));
        expect(authOrder.isExpected(id(n))).toBe(false);
        if (released) out.push(n, ...released.map(Number));
      }
      const ready = [...out];
      for (const n of ready) {
        for (const named of graph[n]!) expect(ready.indexOf(named)).toBeLessThan(ready.indexOf(n));
        for (const named of graph[n]!) expect(ready).toContain(named);
      }
      if (lost.length === 0) expect(authOrder.waitingLength).toBe(0);
      out.push(...authOrder.left().map(Number));
      expect(new Set(out)).toEqual(new Set(come));
      expect(out).toHaveLength(come.length);
      expect(authOrder.waitingLength).toBe(0);
    }),
  );
});

test('an event that waits is not expected once more, and waits for nobody who is not to come', () => {
  const order = createAuthOrder([id(1), id(2)]);
  expect(order.isExpected(id(3))).toBe(false);
  expect(order.add(id(2), [id(1), id(3)], 'two')).toBeUndefined();
  expect(order.isExpected(id(2))).toBe(false);
  expect(order.waitingLength).toBe(3);
  expect(order.add(id(1), [id(3)], 'one')).toEqual(['two']);
  expect(order.left()).toEqual([]);
});
