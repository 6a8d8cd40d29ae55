// Device lists of other servers' users: kept while a room is shared, updated in order, fetched anew where something is missing.

import { expect, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import type { RoomId, ServerName, UserId } from '../../src/protocol/ids/branded.ts';
import { roomVersion } from '../../src/protocol/room-versions/room-versions.ts';
import { signingKeyFromSeed } from '../../src/protocol/signing/signing-key.ts';
import { createRooms, type Rooms } from '../../src/rooms/rooms.ts';
import type { Database } from '../../src/storage/database.ts';
import { type CrossSigningKey, crossSigningKeysOfUsers } from '../../src/storage/stores/cross-signing.ts';
import { usersWithChangedKeys } from '../../src/storage/stores/device-list-changes.ts';
import { findUsers } from '../../src/storage/stores/names.ts';
import {
  endFollowing,
  markRemoteListsStale,
  remoteListsOf,
  reviewFollowedLists,
  staleLists,
  tellOfStaleLists,
} from '../../src/storage/stores/remote-device-lists.ts';
import {
  applyDeviceUpdates,
  type DeviceUpdate,
  type FetchedList,
  remoteDevicesOf,
  storeRemoteCrossSigning,
  storeRemoteLists,
  type UpdateOutcome,
} from '../../src/storage/stores/remote-devices.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { owner, serverName } from '../harness/e2ee-people.ts';

const MINUTE_MS = 60_000;
const bob = '@bob:there.test' as UserId;
const carol = '@carol:there.test' as UserId;

interface World {
  readonly database: Database;
  readonly rooms: Rooms;
  readonly alice: { userId: UserId; user: number };
  head(): number;
}

const openWorld = async (database: Database): Promise<World> => {
  let head = database.headAtOpen;
  database.onCommit((commit) => {
    head = commit.head;
  });
  const rooms = createRooms({
    db: database,
    clock: systemClock,
    serverName: serverName as ServerName,
    signingKey: signingKeyFromSeed('ed25519:1', 'YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1'),
    notifications: { judge: () => Promise.resolve({ notifies: false, highlights: false, exceptions: [] }) },
  });
  return { database, rooms, alice: await owner(database, 'alice'), head: () => head };
};

const member = (userId: UserId, membership: string) => ({
  type: 'm.room.member',
  stateKey: userId,
  sender: userId,
  content: { membership },
});

const createRoom = async ({ rooms, alice: { userId } }: World, others: readonly UserId[] = []): Promise<RoomId> => {
  const { roomId } = await rooms.create({
    version: roomVersion('11')!,
    create: { type: 'm.room.create', stateKey: '', sender: userId, content: { room_version: '11' } },
    rest: () => [
      member(userId, 'join'),
      { type: 'm.room.join_rules', stateKey: '', sender: userId, content: { join_rule: 'public' } },
    ],
  });
  for (const other of others) await rooms.send(roomId, member(other, 'join'));
  return roomId;
};

const keys = (name: string): string => JSON.stringify({ keys: name });
const device = (deviceId: string, name = 'first') => ({ deviceId, displayName: null, keys: keys(name) });

const fetched = (userId: UserId, more: Partial<FetchedList> = {}): FetchedList => ({
  userId,
  streamId: 10,
  isStale: false,
  devices: [device('PHONE')],
  crossSigning: [],
  ...more,
});

const store = ({ database }: World, list: FetchedList, now = 1): Promise<void> =>
  database.write(storeRemoteLists, { lists: [list], now });

const devicesOf = ({ database }: World, userId: UserId): Promise<unknown> =>
  database.read(async (tx) => {
    const user = (await findUsers(tx, [userId])).get(userId);
    const found = user === undefined ? [] : await remoteDevicesOf(tx, [user]);
    return Object.fromEntries(found.map(({ deviceId, keys: text }) => [deviceId, text && JSON.parse(text).keys]));
  });

const listOf = ({ database }: World, userId: UserId) =>
  database.read(async (tx) => (await remoteListsOf(tx, [userId])).get(userId));

/** Whether alice was told of the user since the position. */
const isTold = async ({ database, alice, head }: World, userId: UserId, since: number): Promise<boolean> =>
  database.read(async (tx) => {
    const user = (await findUsers(tx, [userId])).get(userId);
    return user !== undefined && (await usersWithChangedKeys(tx, alice.user, since, head())).includes(user);
  });

const update = (streamId: number, prevIds: number[], more: Partial<DeviceUpdate> = {}): DeviceUpdate => ({
  ...device('PHONE', `at ${streamId}`),
  streamId,
  prevIds,
  isDeleted: false,
  ...more,
});

const apply = async ({ database }: World, userId: UserId, updates: DeviceUpdate[], now = 2): Promise<UpdateOutcome> =>
  (await database.write(applyDeviceUpdates, { users: [{ userId, updates }], now }))[0]!;

describeOnBothEngines('device lists of other servers', (open) => {
  test('are kept of users with whom a room is shared, and of no others', async () => {
    const world = await openWorld(await open());
    await createRoom(world, [bob]);
    const since = world.head();
    for (const userId of [bob, carol]) await store(world, fetched(userId));
    expect(await devicesOf(world, bob)).toEqual({ PHONE: 'first' });
    expect(await devicesOf(world, carol)).toEqual({});
    expect(await listOf(world, carol)).toBeUndefined();
    // Who shares the room knows already that they have to ask.
    expect(await isTold(world, bob, since)).toBe(false);
    await store(world, fetched(bob, { devices: [device('LAPTOP')], streamId: 11 }));
    expect(await devicesOf(world, bob)).toEqual({ LAPTOP: 'first' });
    expect(await isTold(world, bob, since)).toBe(true);
    const after = world.head();
    await store(world, fetched(bob, { devices: [device('LAPTOP')], streamId: 12 }));
    expect(await isTold(world, bob, after)).toBe(false);
    expect(await listOf(world, bob)).toMatchObject({ streamId: 12, isStale: 0 });
  });

  test('take updates in their order, each told once', async () => {
    const world = await openWorld(await open());
    await createRoom(world, [bob]);
    await store(world, fetched(bob));
    const since = world.head();
    expect(await apply(world, bob, [update(11, [10]), update(12, [11], { deviceId: 'LAPTOP' })])).toBe('current');
    expect(await devicesOf(world, bob)).toEqual({ PHONE: 'at 11', LAPTOP: 'at 12' });
    expect(await isTold(world, bob, since)).toBe(true);
    const after = world.head();
    expect(await apply(world, bob, [update(11, [10]), update(12, [11], { deviceId: 'LAPTOP' })])).toBe('current');
    expect(await isTold(world, bob, after)).toBe(false);
    expect(await apply(world, bob, [update(13, [3, 12], { isDeleted: true, keys: null })])).toBe('current');
    expect(await devicesOf(world, bob)).toEqual({ LAPTOP: 'at 12' });
    expect(await isTold(world, bob, after)).toBe(true);
  });

  test('are stale after a gap, until they are fetched', async () => {
    const world = await openWorld(await open());
    await createRoom(world, [bob]);
    await store(world, fetched(bob));
    for (const updates of [[update(12, [11])], [update(13, [12])]]) {
      expect(await apply(world, bob, updates)).toBe('stale');
    }
    expect(await devicesOf(world, bob)).toEqual({ PHONE: 'first' });
    const stale = await world.database.read((tx) => staleLists(tx, 0, 10));
    expect(stale.map(({ userId }) => userId)).toEqual([bob]);
    await store(world, fetched(bob, { streamId: 13 }));
    expect(await apply(world, bob, [update(14, [13])])).toBe('current');
    // No prev_id at all says nothing of what came before.
    expect(await apply(world, bob, [update(15, [])])).toBe('stale');
  });

  test('an update with an older number is a repetition, or long after it the sign of a sender that counts anew', async () => {
    const world = await openWorld(await open());
    await createRoom(world, [bob]);
    await store(world, fetched(bob), 0);
    expect(await apply(world, bob, [update(9, [8])], 1 * MINUTE_MS)).toBe('current');
    expect(await apply(world, bob, [update(9, [8])], 20 * MINUTE_MS)).toBe('stale');
  });

  test('that nobody asked for are told of, but not kept', async () => {
    const world = await openWorld(await open());
    await createRoom(world, [bob]);
    const since = world.head();
    expect(await apply(world, carol, [update(11, [10])])).toBe('stranger');
    expect(await apply(world, bob, [update(11, [10], { keys: null })])).toBe('unfollowed');
    expect(await isTold(world, bob, since)).toBe(false);
    expect(await apply(world, bob, [update(12, [11])])).toBe('unfollowed');
    expect(await isTold(world, bob, since)).toBe(true);
    expect(await listOf(world, bob)).toBeUndefined();
  });

  test('that could not be fetched are stale from the start', async () => {
    const world = await openWorld(await open());
    await createRoom(world, [bob]);
    await world.database.write(markRemoteListsStale, { userIds: [bob, carol], now: 1 });
    expect(await listOf(world, bob)).toMatchObject({ isStale: 1 });
    expect(await listOf(world, carol)).toBeUndefined();
    const since = world.head();
    await world.database.write(tellOfStaleLists, [bob, carol]);
    expect(await isTold(world, bob, since)).toBe(true);
    const after = world.head();
    await store(world, fetched(bob));
    expect(await isTold(world, bob, after)).toBe(true);
  });

  test('cross-signing keys replace each other', async () => {
    const world = await openWorld(await open());
    await createRoom(world, [bob]);
    const key = (usage: CrossSigningKey['usage'], publicKey: string, content = '{}'): CrossSigningKey => ({
      usage,
      publicKey,
      content,
    });
    const stored = () =>
      world.database.read(async (tx) => {
        const user = (await findUsers(tx, [bob])).get(bob)!;
        const found = await crossSigningKeysOfUsers(tx, [user]);
        return Object.fromEntries(found.map(({ usage, publicKey, content }) => [usage, [publicKey, content]]));
      });
    await store(world, fetched(bob, { crossSigning: [key('master', 'M1'), key('self_signing', 'S1')] }));
    expect(await stored()).toEqual({ master: ['M1', '{}'], self_signing: ['S1', '{}'] });
    const since = world.head();
    const change = (keysNow: CrossSigningKey[]) =>
      world.database.write(storeRemoteCrossSigning, { userId: bob, keys: keysNow });
    expect(await change([key('master', 'M1'), key('self_signing', 'S1')])).toBe(true);
    expect(await isTold(world, bob, since)).toBe(false);
    expect(await change([key('master', 'M1', '{"signed":1}')])).toBe(true);
    expect(await stored()).toEqual({ master: ['M1', '{"signed":1}'] });
    expect(await isTold(world, bob, since)).toBe(true);
    expect(await world.database.write(storeRemoteCrossSigning, { userId: carol, keys: [] })).toBe(false);
  });
});

describeOnBothEngines('following device lists of other servers', (open) => {
  const review = async (world: World, after: number) => {
    const found = await world.database.read((tx) => reviewFollowedLists(tx, after, world.head()));
    await world.database.write(endFollowing, found);
    return found;
  };

  test('ends with the last shared room, whoever left it', async () => {
    const world = await openWorld(await open());
    const first = await createRoom(world, [bob]);
    const second = await createRoom(world, [bob, carol]);
    for (const userId of [bob, carol]) await store(world, fetched(userId));
    let after = world.head();
    await world.rooms.send(first, member(bob, 'leave'));
    expect(await review(world, after)).toEqual({ ended: [], doubtful: [] });
    after = world.head();
    await world.rooms.send(second, member(bob, 'leave'));
    expect(await review(world, after)).toEqual({ ended: [bob], doubtful: [] });
    expect(await devicesOf(world, bob)).toEqual({});
    expect(await listOf(world, bob)).toBeUndefined();
    after = world.head();
    await world.rooms.send(second, member(world.alice.userId, 'leave'));
    expect(await review(world, after)).toEqual({ ended: [carol], doubtful: [] });
  });

  test('is in doubt when both met again before anybody looked', async () => {
    const world = await openWorld(await open());
    const room = await createRoom(world, [bob]);
    const other = await createRoom(world);
    await store(world, fetched(bob));
    let after = world.head();
    await world.rooms.send(room, member(bob, 'join'));
    await world.rooms.send(other, member(bob, 'join'));
    expect(await review(world, after)).toEqual({ ended: [], doubtful: [] });
    after = world.head();
    for (const roomId of [room, other]) {
      await world.rooms.send(roomId, member(bob, 'leave'));
      await world.rooms.send(roomId, member(bob, 'join'));
    }
    expect(await review(world, after)).toEqual({ ended: [], doubtful: [bob] });
    expect(await listOf(world, bob)).toMatchObject({ isStale: 1 });
  });
});
