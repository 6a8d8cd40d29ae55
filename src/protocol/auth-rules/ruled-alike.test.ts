import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonObject } from '../events/json.ts';
import { roomVersions } from '../room-versions/room-versions.ts';
import { authoriseEvent } from './authorise-event.ts';
import { ruledAlike } from './ruled-alike.ts';
import { factsOf, roomState, sketched, user } from './test-room.ts';

const names = ['alice', 'bob', 'carol', 'dave:b.test'];
const types = [
  'm.room.topic',
  'm.room.aliases',
  'm.room.redaction',
  'm.room.third_party_invite',
  'm.room.power_levels',
];
const version = fc.constantFrom(roomVersions['1'], ...Object.values(roomVersions));
const level = fc.constantFrom(0, 50, 100);
const event = fc.record(
  {
    type: fc.constantFrom(...types, 'm.room.member', 'm.room.create'),
    sender: fc.constantFrom(...names),
    stateKey: fc.constantFrom('', 'a.test', 'other', ...names.map(user)),
    content: fc.constantFrom<JsonObject[]>({}, { membership: 'join' }, { membership: 'leave' }, { users: [] }),
    redacts: fc.constantFrom('one:a.test', 'one:b.test'),
  },
  { requiredKeys: ['type', 'sender'] },
);
const state = fc.record({
  create: fc.constantFrom<JsonObject[]>({}, { 'm.federate': false }),
  members: fc.dictionary(fc.constantFrom(...names), fc.constantFrom('join', 'leave', 'ban')),
  powerLevels: fc.option(
    fc.record({
      users: fc.dictionary(fc.constantFrom(...names.map(user)), level),
      events: fc.dictionary(fc.constantFrom(...types), level),
      invite: level,
      state_default: level,
    }),
  ),
});

test('events that are ruled alike are allowed by the same states', () => {
  let pairs = 0;
  fc.assert(
    fc.property(version, event, event, fc.array(state, { minLength: 1, maxLength: 5 }), (of, one, other, states) => {
      const [first, second] = [sketched(of, one), sketched(of, { ...other, sender: one.sender, type: one.type })];
      const text = ruledAlike(first, of);
      if (text === undefined || text !== ruledAlike(second, of)) return;
      pairs++;
      for (const sketch of states) {
        const facts = factsOf(roomState(of, sketch));
        expect(authoriseEvent(second, of, facts).ok).toBe(authoriseEvent(first, of, facts).ok);
      }
    }),
    { numRuns: 4000 },
  );
  expect(pairs).toBeGreaterThan(50);
});
