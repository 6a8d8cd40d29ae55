import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../../tests/harness/any-text.ts';
import { eventId } from '../auth-rules/test-room.ts';
import type { EventId } from '../ids/branded.ts';
import { authChain, authDifference, conflictedStateSubgraph } from './auth-chain.ts';
import { smallestFirst } from './smallest-first.ts';
import { splitStateKey, stateKeyOf } from './state-key.ts';

const names = (ids: Iterable<EventId>): string =>
  Array.from(ids, (id) => id.slice(1))
    .sort()
    .join('');
const set = (text: string): Set<EventId> => new Set(text.split('').map(eventId));
const graph =
  (edges: Record<string, string>) =>
  (id: EventId): readonly EventId[] =>
    (edges[id.slice(1)] ?? '').split('').map(eventId);
const none = (): boolean => false;

// f and g cite e; e and d cite c; c cites b; b cites a.
const authEventsOf = graph({ g: 'e', f: 'e', e: 'c', d: 'c', c: 'b', b: 'a' });

describe('walks over auth events', () => {
  it('follow the chain, its starts included, and stop at what is left out', () => {
    expect(names(authChain(set('gd'), authEventsOf))).toBe('abcdeg');
    expect(names(authChain(set('gd'), authEventsOf, (id) => id === eventId('c')))).toBe('deg');
  });
  it('end where ids refer in a circle', () => {
    expect(names(authChain(set('x'), graph({ x: 'y', y: 'x' })))).toBe('xy');
  });
  it('find the auth difference', () => {
    expect(names(authDifference([set('g'), set('d')], authEventsOf, none))).toBe('deg');
    expect(names(authDifference([set('g'), set('f')], authEventsOf, none))).toBe('fg');
    expect(names(authDifference([set('g'), set('g')], authEventsOf, none))).toBe('');
    expect(names(authDifference([set('g'), set('')], authEventsOf, none))).toBe('abceg');
    const inC = (id: EventId) => 'abc'.includes(id.slice(1));
    expect(names(authDifference([set('g'), set('')], authEventsOf, inC))).toBe('eg');
  });
  it('find what lies between conflicted events', () => {
    expect(names(conflictedStateSubgraph(set('gb'), authEventsOf))).toBe('bceg');
    expect(names(conflictedStateSubgraph(set('gd'), authEventsOf))).toBe('dg');
    expect(names(conflictedStateSubgraph(set('gda'), authEventsOf))).toBe('abcdeg');
  });
  it('take long chains', () => {
    const next = (id: EventId): readonly EventId[] => {
      const index = Number(id.slice(1));
      return index === 0 ? [] : [eventId(String(index - 1))];
    };
    expect(authChain([eventId('100000')], next).size).toBe(100_001);
    expect(conflictedStateSubgraph(new Set([eventId('100000'), eventId('0')]), next).size).toBe(100_001);
  });
});

describe('smallestFirst', () => {
  it('sorts', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), (items) => {
        const heap = smallestFirst<number>((one, other) => one - other);
        for (const item of items) heap.push(item);
        const popped = items.map(() => heap.pop());
        expect([...popped, heap.pop()]).toEqual([...items.toSorted((one, other) => one - other), undefined]);
      }),
    );
  });
});

describe('stateKeyOf', () => {
  it('can be taken apart', () => {
    fc.assert(
      fc.property(anyText(), anyText(), (type, stateKey) => {
        expect(splitStateKey(stateKeyOf(type, stateKey))).toEqual({ type, stateKey });
      }),
    );
  });
  it('keeps apart what runs together alike', () => {
    expect(stateKeyOf('ab', 'c')).not.toBe(stateKeyOf('a', 'bc'));
  });
});
