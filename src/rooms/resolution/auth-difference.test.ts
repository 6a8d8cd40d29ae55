import fc from 'fast-check';
import { expect, test } from 'vitest';
import { authDifference } from './auth-difference.ts';

const EVENTS = 30;
const KEYS = 8;

/** Each event refers to some of those before it. */
const graph = fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: EVENTS, maxLength: EVENTS });
const state = fc.array(fc.option(fc.nat(EVENTS - 1), { nil: undefined }), { minLength: KEYS, maxLength: KEYS });

test.each([1, 2, 40])('is what some of %i and one more states have in their chains and others have not', (others) => {
  fc.assert(
    fc.property(
      graph,
      fc.array(state, { minLength: others + 1, maxLength: others + 1 }),
      fc.nat(5),
      (references, states, common) => {
        const authsOf = (nid: number) => references[nid]!.flatMap((one) => (nid === 0 ? [] : [one % nid]));
        const chain = (values: readonly (number | undefined)[]): Set<number> => {
          const reached = new Set<number>();
          const pending = values.filter((nid) => nid !== undefined);
          for (let nid = pending.pop(); nid !== undefined; nid = pending.pop()) {
            if (!reached.has(nid)) pending.push(...authsOf(nid));
            reached.add(nid);
          }
          return reached;
        };
        const ofCommon = chain([common]);
        const chains = states.map((values) => chain([...values, common]));
        const all = new Set(chains.flatMap((one) => [...one]));
        const wanted = [...all].filter((nid) => !chains.every((one) => one.has(nid)));
        const [first, ...rest] = states;
        const given = {
          base: new Map(first!.entries()),
          others: rest.map((values) => new Map([...values.entries()].filter(([key, nid]) => first![key] !== nid))),
        };
        const difference = authDifference(given, authsOf, (nid) => ofCommon.has(nid));
        expect([...difference].sort((a, b) => a - b)).toEqual(wanted.sort((a, b) => a - b));
      },
    ),
  );
});
