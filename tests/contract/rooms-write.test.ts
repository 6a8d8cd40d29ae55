// What writing rooms asks of the stores, and the engine's promises, on both engines.

import { expect, test } from 'vitest';
import type { EventId, RoomAlias, RoomId, UserId } from '../../src/protocol/ids/branded.ts';
import type { Draft } from '../../src/rooms/send/draft.ts';
import type { Database } from '../../src/storage/database.ts';
import { createAccount } from '../../src/storage/stores/accounts.ts';
import { aliasesOfRoom, createAlias, deleteAlias, findAlias } from '../../src/storage/stores/aliases.ts';
import { hasAnnotation } from '../../src/storage/stores/annotations.ts';
import { publishedRooms, someRemoteMembers } from '../../src/storage/stores/directory.ts';
import {
  beginPropagation,
  endPropagation,
  unfinishedPropagations,
} from '../../src/storage/stores/profile-propagations.ts';
import { listReports, type NewReport, storeReport } from '../../src/storage/stores/reports.ts';
import { isJoinedToAny, someLocalMembers } from '../../src/storage/stores/room-conditions.ts';
import { guestsInRoom } from '../../src/storage/stores/room-guests.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { openTestRooms } from '../harness/rooms.ts';

const open = async (database: Database) => {
  const rooms = openTestRooms(database);
  const alice = await rooms.person('alice');
  const bob = await rooms.person('bob');
  const roomId = await rooms.create(alice);
  const { nid } = await rooms.rooms.require(roomId);
  return { ...rooms, engine: rooms.rooms, alice, bob, roomId, nid };
};

const alias = (name: string) => `#${name}:example.org` as RoomAlias;

describeOnBothEngines('the stores of the room directory', (openDatabase) => {
  test('an alias is made once, found, listed and deleted', async () => {
    const db = await openDatabase();
    const { nid, roomId, alice } = await open(db);
    const args = { alias: alias('ö☕'), room: nid, creator: alice.viewer.user, now: 5 };
    await db.write(createAlias, args);
    await db.write(createAlias, { ...args, alias: alias('a') });
    await expect(db.write(createAlias, args)).rejects.toMatchObject({ errcode: 'M_ROOM_IN_USE' });
    const found = { room: nid, roomId, creator: alice.viewer.user };
    expect(await db.read((tx) => findAlias(tx, alias('ö☕')))).toEqual(found);
    expect(await db.read((tx) => findAlias(tx, alias('Ö☕')))).toBeUndefined();
    expect(await db.read((tx) => aliasesOfRoom(tx, nid))).toEqual([alias('a'), alias('ö☕')]);
    expect(await db.write(deleteAlias, alias('a'))).toBe(true);
    expect(await db.write(deleteAlias, alias('a'))).toBe(false);
  });

  test('a successor takes over aliases and place, in the transaction of the last events', async () => {
    const db = await openDatabase();
    const { engine, nid, roomId, alice, bob, create } = await open(db);
    const successor = await engine.require(await create(alice));
    await db.write(createAlias, { alias: alias('old'), room: nid, creator: alice.viewer.user, now: 5 });
    const name = (sender: UserId, text: string): Draft => ({
      type: 'm.room.name',
      stateKey: '',
      sender,
      content: { name: text },
    });
    const compose = (draft: Draft, directory: object) =>
      engine.sendComposition(roomId, { possible: [draft], compose: async () => [draft], directory });
    await compose(name(alice.userId, 'one'), { isPublic: true });
    expect((await db.read(publishedRooms)).map((room) => room.nid)).toEqual([nid]);
    await expect(compose(name(bob.userId, 'two'), { successor: successor.nid })).rejects.toThrow('Rule');
    expect(await db.read((tx) => aliasesOfRoom(tx, nid))).toEqual([alias('old')]);
    await compose(name(alice.userId, 'three'), { successor: successor.nid });
    expect(await db.read((tx) => aliasesOfRoom(tx, nid))).toEqual([]);
    expect(await db.read((tx) => aliasesOfRoom(tx, successor.nid))).toEqual([alias('old')]);
    expect((await db.read(publishedRooms)).map((room) => room.nid)).toEqual([successor.nid]);
  });

  test('members are found by where they are and what they are', async () => {
    const db = await openDatabase();
    const { engine, nid, roomId, alice, bob, member, setState } = await open(db);
    await db.write(createAccount, {
      userId: bob.userId,
      displayname: 'Bob',
      passwordHash: null,
      isGuest: true,
      isAdmin: false,
      appservice: null,
      termsVersion: null,
      registrationToken: null,
      now: 1,
    });
    await member(roomId, bob, 'join');
    await setState(roomId, alice, 'm.room.member', '@carol:elsewhere.org', { membership: 'invite' });
    expect(await db.read((tx) => guestsInRoom(tx, nid))).toEqual([bob.userId]);
    expect((await db.read((tx) => someLocalMembers(tx, nid, 10))).sort()).toEqual([alice.userId, bob.userId]);
    expect(await db.read((tx) => someRemoteMembers(tx, nid, 10))).toEqual([]);
    const isIn = (roomIds: string[]) => db.read((tx) => isJoinedToAny(tx, bob.viewer.user, roomIds as RoomId[]));
    expect(await isIn(['!other:example.org', roomId])).toBe(true);
    expect(await isIn(['!other:example.org'])).toBe(false);
    expect(await isIn([])).toBe(false);
    await member(roomId, bob, 'leave');
    expect(await isIn([roomId])).toBe(false);
    expect(await db.read((tx) => guestsInRoom(tx, nid))).toEqual([]);
    expect(await (await engine.view(roomId)).membershipOf(bob.userId)).toBe('leave');
  });
});

describeOnBothEngines('the stores of reports and propagations', (openDatabase) => {
  test('reports are kept as they were made, newest first, in pages', async () => {
    const db = await openDatabase();
    const { nid, roomId, alice } = await open(db);
    const report = (kind: NewReport['kind'], target: string, room: number | null, reason: string): NewReport => ({
      kind,
      target,
      room,
      reporter: alice.viewer.user,
      reason,
      now: 7,
    });
    await db.write(storeReport, report('room', roomId, nid, ''));
    await db.write(storeReport, report('event', '$event', nid, 'NUL \0 and \ud800 half'));
    await db.write(storeReport, report('user', '@bob:example.org', null, 'rude'));
    const reports = await db.read((tx) => listReports(tx, Number.MAX_SAFE_INTEGER, 2));
    expect(reports.map(({ kind, reason }) => [kind, reason])).toEqual([
      ['user', 'rude'],
      ['event', 'NUL \0 and \ud800 half'],
    ]);
    expect(reports[0]).toMatchObject({ room: null, createdTs: 7, reporter: alice.viewer.user });
    const rest = await db.read((tx) => listReports(tx, reports[1]!.nid, 2));
    expect(rest.map(({ target }) => target)).toEqual([roomId]);
  });

  test('a propagation is unfinished from its beginning to its end', async () => {
    const db = await openDatabase();
    const { alice, bob } = await open(db);
    for (const { viewer } of [bob, alice, alice]) await db.write(beginPropagation, viewer.user);
    const unfinished = () => db.read(unfinishedPropagations);
    expect((await unfinished()).map(({ userId }) => userId)).toEqual([alice.userId, bob.userId]);
    await db.write(endPropagation, alice.viewer.user);
    expect(await unfinished()).toEqual([{ user: bob.viewer.user, userId: bob.userId }]);
  });
});

describeOnBothEngines('the room engine', (openDatabase) => {
  const message = (sender: UserId, body: string): Draft => ({ type: 'm.room.message', sender, content: { body } });

  test('64 senders at once, some of whom repeat themselves, get one event for each transaction', async () => {
    const db = await openDatabase();
    const { engine, roomId, alice } = await open(db);
    const transaction = (index: number) => ({ device: 1, scope: `send/${roomId}`, txnId: `t${index % 32}` });
    const sent = await Promise.all(
      Array.from({ length: 64 }, (_, index) =>
        engine.send(roomId, { ...message(alice.userId, `${index}`), transaction: transaction(index) }),
      ),
    );
    expect(new Set(sent.map(({ eventId }) => eventId)).size).toBe(32);
    const again = openTestRooms(db).rooms;
    const repeated = await again.send(roomId, { ...message(alice.userId, 'again'), transaction: transaction(3) });
    expect(repeated).toEqual(sent[3]);
    const next = await engine.send(roomId, message(alice.userId, 'next'));
    expect(next.position).toBeGreaterThan(Math.max(...sent.map(({ position }) => position)));
  });

  test('state that is sent as it stands waits for the write that put it there', async () => {
    const db = await openDatabase();
    const { engine, roomId, alice } = await open(db);
    const topic: Draft = { type: 'm.room.topic', stateKey: '', sender: alice.userId, content: { topic: 'same' } };
    const sent = await Promise.all(Array.from({ length: 16 }, () => engine.send(roomId, topic)));
    expect(new Set(sent.map(({ eventId, position }) => `${eventId} ${position}`)).size).toBe(1);
    expect((await (await engine.view(roomId)).get('m.room.topic'))?.eventId).toBe(sent[0]!.eventId);
  });

  test('what is composed sees what came before it, and nothing comes between', async () => {
    const db = await openDatabase();
    const { engine, roomId, alice } = await open(db);
    const event = { type: 'org.example.counter', stateKey: '', sender: alice.userId };
    const increment = () =>
      engine.sendComposition(roomId, {
        possible: [event],
        async compose(room) {
          const count = (await room.get(event.type))?.content.count ?? 0;
          return [{ ...event, content: { count: Number(count) + 1 } }];
        },
      });
    await Promise.all(
      [...Array(50)].flatMap((_, index) => [increment(), engine.send(roomId, message(alice.userId, `${index}`))]),
    );
    expect((await (await engine.view(roomId)).get(event.type))?.content).toEqual({ count: 50 });
  });

  test('a failed transaction fails nobody else', async () => {
    const db = await openDatabase();
    const { engine, roomId, alice } = await open(db);
    const transaction = { device: 1, scope: 'x', txnId: 'taken' };
    const first = await engine.send(roomId, { ...message(alice.userId, 'first'), transaction });
    // Another engine on the same database does not remember the transaction, and so runs into it.
    const other = openTestRooms(db).rooms;
    const sent = await Promise.all([
      ...Array.from({ length: 10 }, (_, index) => other.send(roomId, message(alice.userId, `before ${index}`))),
      other.send(roomId, { ...message(alice.userId, 'first again'), transaction }),
      ...Array.from({ length: 10 }, (_, index) => other.send(roomId, message(alice.userId, `after ${index}`))),
    ]);
    expect(sent[10]).toEqual(first);
    expect(new Set(sent.map(({ eventId }) => eventId)).size).toBe(21);
  });

  test('a transaction is forgotten after a week', async () => {
    const db = await openDatabase();
    const { engine, clock, roomId, alice } = await open(db);
    const send = (txnId: string) => {
      const draft = { ...message(alice.userId, txnId), transaction: { device: 1, scope: 'x', txnId } };
      // Engines of their own remember nothing.
      return openTestRooms(db).rooms.send(roomId, draft);
    };
    const first = await send('first');
    await engine.forgetTransactions();
    expect(await send('first')).toEqual(first);
    await clock.advance(8 * 24 * 3_600_000);
    await engine.forgetTransactions();
    expect((await send('first')).eventId).not.toBe(first.eventId);
  });

  test('an annotation is known until it is redacted, whatever its key', async () => {
    const db = await openDatabase();
    const { engine, roomId, alice, say, redact } = await open(db);
    const target = await say(roomId, alice, 'react');
    const key = 'a\0b\ud83d';
    const draft: Draft = {
      type: 'm.reaction',
      sender: alice.userId,
      content: { 'm.relates_to': { rel_type: 'm.annotation', event_id: target, key: key.toWellFormed() } },
    };
    const { eventId } = await engine.send(roomId, draft);
    const annotation = { target, sender: alice.userId, type: 'm.reaction', key: key.toWellFormed() };
    expect(await db.read((tx) => hasAnnotation(tx, annotation))).toBe(true);
    expect(await db.read((tx) => hasAnnotation(tx, { ...annotation, key: 'a' }))).toBe(false);
    await expect(engine.send(roomId, draft)).rejects.toMatchObject({ errcode: 'M_DUPLICATE_ANNOTATION' });
    await redact(roomId, alice, eventId as EventId);
    expect(await db.read((tx) => hasAnnotation(tx, annotation))).toBe(false);
  });
});
