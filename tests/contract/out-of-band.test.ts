// Invites and knocks beside the rooms' states.

import { expect, test } from 'vitest';
import type { EventId, RoomId, ServerName, UserId } from '../../src/protocol/ids/branded.ts';
import type { Database } from '../../src/storage/database.ts';
import { membershipOf } from '../../src/storage/stores/memberships.ts';
import { findUser } from '../../src/storage/stores/names.ts';
import {
  forgetStrippedStates,
  lastSenderOf,
  openInviteOf,
  outOfBandOf,
  residencyOf,
  storeOutOfBand,
  strippedStateOf,
} from '../../src/storage/stores/out-of-band.ts';
import type { NotificationRow } from '../../src/storage/stores/persist.ts';
import { exceptionsSince } from '../../src/storage/stores/push-queue.ts';
import { roomById } from '../../src/storage/stores/rooms.ts';
import { describeOnBothEngines } from '../harness/databases.ts';

const roomId = '!room:far.test' as RoomId;
const bob = '@bob:near.test' as UserId;
const alice = '@alice:far.test' as UserId;

const store = (
  db: Database,
  nid: number,
  membership: string,
  sender: UserId,
  events?: string,
  notifications?: NotificationRow[],
) =>
  db.write(storeOutOfBand, {
    nid,
    roomId,
    version: '10',
    emptyRoot: new Uint8Array(32),
    event: {
      eventId: `$${nid}` as EventId,
      sender,
      target: bob,
      membership,
      originServerTs: 1,
      depth: 2,
      content: `{"membership":"${membership}"}`,
      rest: '{}',
    },
    told: events === undefined ? undefined : { events, via: 'far.test' as ServerName },
    ...(notifications && { notifications }),
  });

describeOnBothEngines('memberships out of band', (open) => {
  test('an invite comes, ends, and leaves the room unknown', async () => {
    const db = await open();
    const told: unknown[] = [];
    db.onCommit(({ changes }) => told.push(...changes.map(({ audience }) => audience)));
    expect(await store(db, 1, 'invite', alice, '[1]')).toBe(true);
    const { user, room, invite, residency, known, sender } = await db.read(async (tx) => {
      const nid = (await findUser(tx, bob))!;
      const residence = (await residencyOf(tx, roomId))!;
      return {
        user: nid,
        room: residence.nid,
        residency: residence,
        invite: await outOfBandOf(tx, nid, roomId),
        known: await roomById(tx, roomId),
        sender: await lastSenderOf(tx, nid, roomId),
      };
    });
    expect(told).toEqual([{ room, users: [user] }]);
    expect(residency).toMatchObject({ residency: 0, hasLocal: false, hasRemote: false });
    expect(known).toBeUndefined();
    expect(sender).toBe(alice);
    expect(invite).toMatchObject({
      membership: 'invite',
      eventId: '$1',
      sender: alice,
      via: 'far.test',
      version: '10',
    });
    expect(await db.read((tx) => strippedStateOf(tx, user, room))).toBe('[1]');

    expect(await store(db, 2, 'leave', alice)).toBe(true);
    expect(await db.read((tx) => outOfBandOf(tx, user, roomId))).toBeUndefined();
    expect(await db.read((tx) => strippedStateOf(tx, user, room))).toBeUndefined();
    expect(await db.read((tx) => membershipOf(tx, user, room))).toMatchObject({ membership: 'leave', isLocal: 1 });
  });

  test('the same invite twice is one event', async () => {
    const db = await open();
    await store(db, 1, 'invite', alice, '[1]');
    const again = { nid: 7, roomId, version: '10', emptyRoot: new Uint8Array(32), told: undefined };
    const event = { eventId: '$1' as EventId, sender: alice, target: bob, membership: 'invite', originServerTs: 1 };
    await db.write(storeOutOfBand, { ...again, event: { ...event, depth: 2, content: '{}', rest: '{}' } });
    const user = (await db.read((tx) => findUser(tx, bob)))!;
    const room = (await db.read((tx) => residencyOf(tx, roomId)))!.nid;
    expect(await db.read((tx) => membershipOf(tx, user, room))).toMatchObject({ event: 1 });
  });

  test('who is invited is notified once, however often the invite comes', async () => {
    const db = await open();
    await store(db, 1, 'leave', bob);
    const user = (await db.read((tx) => findUser(tx, bob)))!;
    const rows = [user, user + 1].map((each) => ({ user: each, notify: true, highlight: false }));
    const notified = () => db.read((tx) => exceptionsSince(tx, 0, Number.MAX_SAFE_INTEGER));
    await store(db, 2, 'invite', alice, '[1]', rows);
    await store(db, 2, 'invite', alice, '[2]', rows);
    expect(await notified()).toMatchObject([{ user, event: 2, notifies: 1 }]);
    const room = (await db.read((tx) => residencyOf(tx, roomId)))!.nid;
    expect(await db.read((tx) => openInviteOf(tx, user, room))).toEqual({ event: 2, events: '[2]' });
    await store(db, 3, 'leave', bob);
    expect(await db.read((tx) => openInviteOf(tx, user, room))).toBeUndefined();
  });

  test('once the room is here its state tells of it', async () => {
    const db = await open();
    await store(db, 1, 'knock', bob, '[1]');
    const room = (await db.read((tx) => residencyOf(tx, roomId)))!.nid;
    await db.write(forgetStrippedStates, room);
    const user = (await db.read((tx) => findUser(tx, bob)))!;
    expect(await db.read((tx) => outOfBandOf(tx, user, roomId))).toBeUndefined();
  });
});
