// Presence and typing: what time and devices make of them, and who is told.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { createEphemeral, type Ephemeral } from '../../src/ephemeral/ephemeral.ts';
import { createLog } from '../../src/lib/log.ts';
import { type ManualClock, manualClock } from '../../src/lib/manual-clock.ts';
import type { RoomId, UserId } from '../../src/protocol/ids/branded.ts';
import type { Database } from '../../src/storage/database.ts';
import { createStream, type Stream } from '../../src/stream/stream.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { internTestUsers, type StoredTestRoom, storeRoom } from '../harness/stored-room.ts';

const aliceId = '@alice:test' as UserId;

describeOnBothEngines('presence and typing', (open) => {
  let db: Database;
  let clock: ManualClock;
  let stream: Stream;
  let ephemeral: Ephemeral;
  let room: StoredTestRoom;
  let alice: { user: number; userId: UserId; device: number };
  let bob: number;
  let stranger: number;

  const start = (): Ephemeral =>
    createEphemeral({
      db,
      clock,
      stream,
      log: createLog({ level: 'silent', format: 'text' }),
      config: { presence: { enabled: true } },
    });

  beforeEach(async () => {
    db = await open();
    clock = manualClock();
    stream = createStream({ db });
    const users = (await internTestUsers(db, aliceId, '@bob:test', '@stranger:test')) as [number, number, number];
    alice = { user: users[0], userId: aliceId, device: 1 };
    [, bob, stranger] = users;
    room = await storeRoom(db, '!room:test');
    await room.member(alice.user, 'join');
    await room.member(bob, 'join');
    ephemeral = start();
  });
  afterEach(() => ephemeral[Symbol.asyncDispose]());

  const told = async (viewer: number, since: number | undefined): Promise<unknown[]> => {
    const events = await db.read((tx) => ephemeral.presence.presenceSince(tx, viewer, since));
    return events.map(({ content }) => (content as { presence: string }).presence);
  };

  test('presence is told to those who share a room, once', async () => {
    const before = ephemeral.version;
    ephemeral.presence.set(alice, 'online', 'busy');
    expect(await told(bob, before)).toEqual(['online']);
    expect(await told(bob, undefined)).toEqual(['online']);
    expect(await told(stranger, before)).toEqual([]);
    expect(await told(bob, ephemeral.version)).toEqual([]);
    expect(await ephemeral.presence.presenceOf(bob, aliceId)).toEqual({
      presence: 'online',
      status_msg: 'busy',
      last_active_ago: 0,
      currently_active: true,
    });
    await expect(ephemeral.presence.presenceOf(stranger, aliceId)).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
    await expect(ephemeral.presence.presenceOf(bob, '@nobody:test' as UserId)).rejects.toMatchObject({ status: 404 });
  });

  test('presence wakes those who share a room', async () => {
    using listener = stream.listen(bob);
    listener.addRoom(room.nid);
    using wait = listener.wait(60_000, new AbortController().signal);
    ephemeral.presence.set(alice, 'online', undefined);
    await clock.advance(200);
    await wait.woken;
  });

  test('idle users become unavailable, and online again when they do something', async () => {
    using _sync = ephemeral.presence.syncing(alice, 'online');
    expect(await told(bob, undefined)).toEqual(['online']);
    await clock.advance(4 * 60_000);
    expect(await told(bob, undefined)).toEqual(['online']);
    await clock.advance(70_000);
    expect(await told(bob, undefined)).toEqual(['unavailable']);
    const before = ephemeral.version;
    ephemeral.presence.noteActive(alice);
    expect(await told(bob, before)).toEqual(['online']);
  });

  test('users go offline some time after their last sync, with the best of their devices until then', async () => {
    const first = ephemeral.presence.syncing(alice, 'online');
    const second = ephemeral.presence.syncing({ ...alice, device: 2 }, 'unavailable');
    expect(await told(bob, undefined)).toEqual(['online']);
    first[Symbol.dispose]();
    await clock.advance(40_000);
    expect(await told(bob, undefined)).toEqual(['unavailable']);
    second[Symbol.dispose]();
    const before = ephemeral.version;
    await clock.advance(40_000);
    expect(await told(bob, undefined)).toEqual([]);
    expect(await told(bob, before)).toEqual(['offline']);
  });

  test('the status message and the last activity outlive a restart', async () => {
    ephemeral.presence.set(alice, 'online', 'on holiday');
    await ephemeral[Symbol.asyncDispose]();
    await clock.advance(1000);
    ephemeral = start();
    expect(await ephemeral.presence.presenceOf(bob, aliceId)).toEqual({
      presence: 'offline',
      status_msg: 'on holiday',
      last_active_ago: 1000,
    });
  });

  test('typing ends by itself, and the room is told of each change', async () => {
    const id = room.roomId as RoomId;
    const before = ephemeral.version;
    await ephemeral.typing.setTyping(alice, id, true, 10_000);
    const started = ephemeral.typing.typingIn(room.nid);
    expect(started).toMatchObject({ users: [aliceId] });
    expect(started!.version).toBeGreaterThan(before);
    await clock.advance(9_000);
    // Said again: nothing new for the others.
    await ephemeral.typing.setTyping(alice, id, true, 10_000);
    expect(ephemeral.typing.typingIn(room.nid)).toEqual(started);
    await clock.advance(9_000);
    expect(ephemeral.typing.typingIn(room.nid)).toEqual(started);
    await clock.advance(2_000);
    expect(ephemeral.typing.typingIn(room.nid)).toEqual({ users: [], version: started!.version + 1 });
  });

  test('typing is for members', async () => {
    const outsider = { user: stranger, userId: '@stranger:test' as UserId };
    const typing = ephemeral.typing.setTyping(outsider, room.roomId as RoomId, true, undefined);
    await expect(typing).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
  });
});
