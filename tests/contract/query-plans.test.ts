// How SQLite goes about reads that name what they want. It knows nothing of how many rows there are, and would gladly go through a
// whole room.

import { afterEach, expect, test } from 'vitest';
import type { EventId, UserId } from '../../src/protocol/ids/branded.ts';
import type { ReadTx } from '../../src/storage/database.ts';
import { membershipsAmong } from '../../src/storage/stores/memberships.ts';
import { usersSharingRooms } from '../../src/storage/stores/presence.ts';
import { referencesOf } from '../../src/storage/stores/relations.ts';
import { eventNidsOf } from '../../src/storage/stores/server-questions.ts';
import { type FreshDatabase, openFreshSqlite } from '../harness/databases.ts';

const opened: FreshDatabase[] = [];
afterEach(async () => {
  for (const fresh of opened.splice(0)) await fresh[Symbol.asyncDispose]();
});

const ROOM = 1;
const EVENTS = ['$event' as EventId];
const scope = { room: ROOM, upTo: 100, ignored: [] };

const reads: Readonly<Record<string, (tx: ReadTx) => Promise<unknown>>> = {
  eventNidsOf: (tx) => eventNidsOf(tx, ROOM, EVENTS),
  referencesOf: (tx) => referencesOf(tx, scope, EVENTS, 10),
  membershipsAmong: (tx) => membershipsAmong(tx, ROOM, ['@user:example.org' as UserId]),
  usersSharingRooms: (tx) => usersSharingRooms(tx, 1, [2, 3]),
};

for (const [name, read] of Object.entries(reads)) {
  test(`${name} looks for what is named, not through the room`, async () => {
    const fresh = await openFreshSqlite();
    opened.push(fresh);
    const steps: string[] = [];
    await fresh.database.read(async (tx) => {
      const all: ReadTx['all'] = async (sql, ...params) => {
        const plan = await tx.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...params);
        steps.push(...plan.map(({ detail }) => detail));
        return [];
      };
      await read({ dialect: tx.dialect, all, get: tx.get.bind(tx) });
    });
    expect(steps.some((step) => step.startsWith('SEARCH'))).toBe(true);
    expect(steps.filter((step) => step.includes('(room=?'))).toEqual([]);
  });
}
