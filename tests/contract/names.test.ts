// The integers behind users, event types and state keys: one for each text, whatever it holds, in the order of the question.

import { expect, test } from 'vitest';
import type { UserId } from '../../src/protocol/ids/branded.ts';
import { findStateKey, internNames } from '../../src/storage/stores/names.ts';
import { describeOnBothEngines } from '../harness/databases.ts';

const odd = [
  '',
  'plain',
  'a,b',
  '{x}',
  '"quoted"',
  'back\\slash',
  'NULL',
  'null',
  '\0',
  '\ud800',
  '\u0010',
  "it's",
  'é',
];

describeOnBothEngines('interned names', (open) => {
  test('are given once, and found again in any order', async () => {
    const db = await open();
    const users = ['@a:test', '@b:test', '@c"\\,{}:test'] as UserId[];
    const stateKeys = odd.flatMap((text) => [[text, 'same'] as const, ['m.room.member', text] as const]);
    const first = await db.write(internNames, {
      users: users.slice(1),
      types: odd.slice(3),
      stateKeys: stateKeys.slice(5),
    });
    const all = await db.write(internNames, { users, types: odd, stateKeys });
    expect(all.users.slice(1)).toEqual(first.users);
    expect(all.types.slice(3)).toEqual(first.types);
    expect(all.stateKeys.slice(5)).toEqual(first.stateKeys);
    for (const nids of Object.values(all)) expect(new Set(nids).size).toBe(nids.length);
    const reversed = await db.write(internNames, {
      users: users.toReversed(),
      types: [],
      stateKeys: stateKeys.toReversed(),
    });
    expect(reversed).toEqual({ users: all.users.toReversed(), types: [], stateKeys: all.stateKeys.toReversed() });
    expect(await db.read((tx) => findStateKey(tx, 'm.room.member', '\0'))).toBe(
      all.stateKeys[odd.indexOf('\0') * 2 + 1],
    );
  });

  test('that a question has twice are one', async () => {
    const db = await open();
    const key = ['m.room.topic', 'twice'] as const;
    const wanted = { users: ['@a:test', '@a:test'] as UserId[], types: ['t', 't'], stateKeys: [key, key] };
    const { users, types, stateKeys } = await db.write(internNames, wanted);
    expect([users[0], types[0], stateKeys[0]]).toEqual([users[1], types[1], stateKeys[1]]);
  });
});
