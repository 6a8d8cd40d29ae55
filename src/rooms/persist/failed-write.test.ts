import { expect, test } from 'vitest';
import { openFreshSqlite } from '../../../tests/harness/databases.ts';
import { openTestRooms } from '../../../tests/harness/rooms.ts';
import type { Database, ReadTx } from '../../storage/database.ts';
import { persistEvents } from '../../storage/stores/persist.ts';
import { roomById } from '../../storage/stores/rooms.ts';
import { bytesToHash } from '../state/room-state.ts';
import { allEntries } from '../state-tree/read-entries.ts';

/** Writes of events wait, one behind the other, until they are let through. */
const gated = (db: Database) => {
  const waiting: (() => void)[] = [];
  let isOpen = true;
  const write: Database['write'] = async (writer, args) => {
    if (!isOpen && writer.name === persistEvents.name) await new Promise<void>((resolve) => waiting.push(resolve));
    return db.write(writer, args);
  };
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    db: { ...db, write },
    close: () => (isOpen = false),
    /** Resolves when exactly so many writes wait. */
    async waitingFor(count: number) {
      while (waiting.length !== count) await turn();
    },
    next: () => waiting.shift()!(),
    openUp() {
      isOpen = true;
      for (const go of waiting.splice(0)) go();
    },
  };
};

const unknownPrevs = (tx: ReadTx): Promise<object[]> =>
  tx.all('SELECT prev FROM edges WHERE NOT EXISTS (SELECT 1 FROM events WHERE nid = edges.prev)');

test('what was drafted upon writes that failed is not written, whatever came between', async () => {
  await using fresh = await openFreshSqlite();
  const gate = gated(fresh.database);
  const before = openTestRooms(fresh.database);
  const test = openTestRooms(gate.db);
  const alice = await test.person('alice');
  const roomId = await test.create(alice);
  const message = (body: string) => ({ type: 'm.room.message', sender: alice.userId, content: { body } });
  const transaction = { device: 1, scope: 'send', txnId: 'once' };
  const first = await before.rooms.send(roomId, { ...message('sent before'), transaction });
  const { rooms } = openTestRooms(gate.db);
  await rooms.send(roomId, message('so that names are known'));
  await rooms.send(roomId, { type: 'm.room.topic', stateKey: '', sender: alice.userId, content: { topic: 'old' } });

  gate.close();
  const again = rooms.send(roomId, { ...message('sent before'), transaction });
  await gate.waitingFor(1);
  const topic = { type: 'm.room.topic', stateKey: '', sender: alice.userId, content: { topic: 'new' } };
  const setting = rooms.send(roomId, topic);
  await gate.waitingFor(2);
  gate.next();
  expect((await again).eventId).toBe(first.eventId);
  const between = rooms.send(roomId, message('upon the stored room'));
  await gate.waitingFor(2);
  // The topic was drafted upon the message that failed: it fails, and is drafted again.
  gate.next();
  await gate.waitingFor(2);
  const last = rooms.send(roomId, message('last'));
  await gate.waitingFor(3);
  gate.openUp();

  const sent = await Promise.all([between, setting, last]);
  const positions = sent.map(({ position }) => position);
  expect(new Set(positions).size).toBe(3);
  expect(await fresh.database.read(unknownPrevs)).toEqual([]);
  const stored = await fresh.database.read((tx) => roomById(tx, roomId));
  const { state } = openTestRooms(fresh.database).rooms;
  expect((await allEntries(state.source, bytesToHash(stored!.stateRoot))).size).toBe(6);
});
