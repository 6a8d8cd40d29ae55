// Whose device lists changed for a user, held against a model of who shares rooms with whom.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type DeviceListChanges, deviceListChangesSince } from '../../src/e2ee/device-list-changes.ts';
import type { KeyOwner } from '../../src/e2ee/key-owner.ts';
import { type DeviceKeys, uploadKeys } from '../../src/e2ee/upload-keys.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import type { RoomId, ServerName } from '../../src/protocol/ids/branded.ts';
import { roomVersion } from '../../src/protocol/room-versions/room-versions.ts';
import { signingKeyFromSeed } from '../../src/protocol/signing/signing-key.ts';
import type { IncomingEvent } from '../../src/rooms/receive/incoming.ts';
import { createRooms, type Rooms } from '../../src/rooms/rooms.ts';
import type { Database } from '../../src/storage/database.ts';
import { deleteDevices } from '../../src/storage/stores/device-removal.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { deviceKeysOf, newKey, owner, serverName } from '../harness/e2ee-people.ts';
import { createForeignRoom } from '../harness/foreign-events.ts';

const people = ['host', 'alice', 'bob', 'carol'] as const;
type Person = (typeof people)[number];

interface World {
  readonly database: Database;
  readonly rooms: Rooms;
  readonly owners: Readonly<Record<Person, KeyOwner>>;
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
  const owners = {} as Record<Person, KeyOwner>;
  for (const name of people) owners[name] = await owner(database, name);
  return { database, rooms, owners, head: () => head };
};

const member = ({ userId }: KeyOwner, membership: string, more: JsonObject = {}) => ({
  type: 'm.room.member',
  stateKey: userId,
  sender: userId,
  content: { membership, ...more },
});

/** A room that anybody may join, made by `creator`. */
const createRoom = async ({ rooms, owners }: World, creator: Person): Promise<RoomId> => {
  const { userId } = owners[creator];
  const room = await rooms.create({
    version: roomVersion('11')!,
    create: { type: 'm.room.create', stateKey: '', sender: userId, content: { room_version: '11' } },
    rest: () => [
      member(owners[creator], 'join'),
      { type: 'm.room.join_rules', stateKey: '', sender: userId, content: { join_rule: 'public' } },
    ],
  });
  return room.roomId;
};

const setMembership = (world: World, who: Person, roomId: RoomId, membership: 'join' | 'leave', more?: JsonObject) =>
  world.rooms.send(roomId, member(world.owners[who], membership, more));

const changeKeys = ({ database, owners }: World, who: Person): Promise<unknown> =>
  uploadKeys(database, owners[who], {
    deviceKeys: deviceKeysOf(owners[who], newKey()) as DeviceKeys,
    oneTimeKeys: {},
    fallbackKeys: {},
  });

const changesFor = async (
  world: World,
  observer: Person,
  since: number,
): Promise<Record<'changed' | 'left', string[]>> => {
  const { database, rooms, owners } = world;
  const changes: DeviceListChanges = await database.read((tx) =>
    deviceListChangesSince(rooms.state, tx, { user: owners[observer].user, since, until: world.head() }),
  );
  const nameOf = (userId: string): string => userId.slice(1, userId.indexOf(':'));
  return { changed: changes.changed.map(nameOf).toSorted(), left: changes.left.map(nameOf).toSorted() };
};

const nothing = { changed: [], left: [] };

describeOnBothEngines('device list changes', (open) => {
  test('a user who joins my room, or whose room I join, is changed; one I shared a room with before is not', async () => {
    const world = await openWorld(await open());
    const first = await createRoom(world, 'alice');
    const second = await createRoom(world, 'bob');
    let since = world.head();
    await setMembership(world, 'bob', first, 'join');
    expect(await changesFor(world, 'alice', since)).toEqual({ changed: ['bob'], left: [] });
    expect(await changesFor(world, 'bob', since)).toEqual({ changed: ['alice'], left: [] });
    since = world.head();
    await setMembership(world, 'alice', second, 'join');
    expect(await changesFor(world, 'alice', since)).toEqual(nothing);
    await setMembership(world, 'carol', second, 'join');
    expect(await changesFor(world, 'alice', since)).toEqual({ changed: ['carol'], left: [] });
    expect(await changesFor(world, 'carol', since)).toEqual({ changed: ['alice', 'bob'], left: [] });
  });

  test('left is who shares no room any more, whoever of us left', async () => {
    const world = await openWorld(await open());
    const first = await createRoom(world, 'alice');
    const second = await createRoom(world, 'alice');
    for (const room of [first, second]) await setMembership(world, 'bob', room, 'join');
    let since = world.head();
    await setMembership(world, 'bob', first, 'leave');
    expect(await changesFor(world, 'alice', since)).toEqual(nothing);
    await setMembership(world, 'alice', second, 'leave');
    expect(await changesFor(world, 'alice', since)).toEqual({ changed: [], left: ['bob'] });
    expect(await changesFor(world, 'bob', since)).toEqual({ changed: [], left: ['alice'] });
    // What they change afterwards is not for each other; meeting again is.
    since = world.head();
    await changeKeys(world, 'bob');
    expect(await changesFor(world, 'alice', since)).toEqual(nothing);
    await setMembership(world, 'alice', second, 'join');
    expect(await changesFor(world, 'alice', since)).toEqual({ changed: ['bob'], left: [] });
  });

  test('members who were left out of a join are changed when they are known', async () => {
    const world = await openWorld(await open());
    const { receive } = world.rooms;
    const room = createForeignRoom({ creator: '@dave:elsewhere.test' });
    room.member('@erin:third.test', 'join');
    room.member('@frank:third.test', 'join');
    const whole = room.joinOf(world.owners.alice.userId);
    const isKnown = ({ event }: IncomingEvent): boolean =>
      event.type !== 'm.room.member' || event.stateKey === '@dave:elsewhere.test';
    const known = { state: whole.state.filter(isKnown), authChain: whole.authChain.filter(isKnown) };
    let since = world.head();
    await receive.enterRoom({ ...whole, ...known, isPartial: true });
    expect(await changesFor(world, 'alice', since)).toEqual({ changed: ['alice', 'dave'], left: [] });
    since = world.head();
    await receive.storeState(room.roomId, [...whole.authChain, ...whole.state]);
    const state = whole.state.map(({ event }) => event.eventId);
    await receive.completeJoin({ roomId: room.roomId, joinEventId: whole.join.event.eventId, state });
    expect(await changesFor(world, 'alice', since)).toEqual({ changed: ['erin', 'frank'], left: [] });
    expect(await changesFor(world, 'alice', world.head())).toEqual(nothing);
  });

  test('a change of keys concerns those who share a room, and oneself', async () => {
    const world = await openWorld(await open());
    const room = await createRoom(world, 'alice');
    await setMembership(world, 'bob', room, 'join');
    const since = world.head();
    await changeKeys(world, 'bob');
    expect(await changesFor(world, 'alice', since)).toEqual({ changed: ['bob'], left: [] });
    expect(await changesFor(world, 'bob', since)).toEqual({ changed: ['bob'], left: [] });
    expect(await changesFor(world, 'carol', since)).toEqual(nothing);
    const after = world.head();
    expect(await changesFor(world, 'alice', after)).toEqual(nothing);
    await world.database.write(deleteDevices, { user: world.owners.bob.user, deviceIds: ['DEVICE'] });
    expect(await changesFor(world, 'alice', after)).toEqual({ changed: ['bob'], left: [] });
  });

  test('a change of keys wakes the rooms of the user and the user', async () => {
    const world = await openWorld(await open());
    const room = await createRoom(world, 'bob');
    const { nid } = await world.rooms.require(room);
    const woken: unknown[] = [];
    world.database.onCommit(({ changes }) => woken.push(...changes.map((change) => change.audience)));
    await changeKeys(world, 'bob');
    expect(woken).toEqual([{ rooms: [nid] }, { user: world.owners.bob.user }]);
  });

  test('new names in a room change no device list', async () => {
    const world = await openWorld(await open());
    const room = await createRoom(world, 'alice');
    await setMembership(world, 'bob', room, 'join');
    const since = world.head();
    await setMembership(world, 'bob', room, 'join', { displayname: 'Bob' });
    await setMembership(world, 'alice', room, 'join', { displayname: 'Alice' });
    expect(await changesFor(world, 'alice', since)).toEqual(nothing);
  });

  test('coming and going between two looks is no change', async () => {
    const world = await openWorld(await open());
    const room = await createRoom(world, 'alice');
    const since = world.head();
    await setMembership(world, 'bob', room, 'join');
    await setMembership(world, 'bob', room, 'leave');
    expect(await changesFor(world, 'alice', since)).toEqual(nothing);
    expect(await changesFor(world, 'bob', since)).toEqual(nothing);
  });

  test('agree with a model of who shares rooms, in any order of events', async () => {
    const world = await openWorld(await open());
    const person = fc.constantFrom(...people.slice(1));
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('move' as const), who: person, room: fc.nat(1) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('rename' as const), who: person, room: fc.nat(1) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('keys' as const), who: person, room: fc.nat(1) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('look' as const), who: person, room: fc.nat(1) }) },
    );
    let names = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
        const roomIds = [await createRoom(world, 'host'), await createRoom(world, 'host')];
        const joined = roomIds.map(() => new Set<Person>(['host']));
        const share = (a: Person, b: Person, sets: readonly Set<Person>[]): boolean =>
          sets.some((set) => set.has(a) && set.has(b));
        const snapshot = () => ({
          at: world.head(),
          joined: joined.map((set) => new Set(set)),
          keys: new Set<Person>(),
        });
        const looks = new Map(people.map((name) => [name, snapshot()]));
        for (const { kind, who, room } of [
          ...steps,
          ...people.map((who) => ({ kind: 'look' as const, who, room: 0 })),
        ]) {
          const roomId = roomIds[room]!;
          const isIn = joined[room]!.has(who);
          if (kind === 'keys') {
            await changeKeys(world, who);
            for (const look of looks.values()) look.keys.add(who);
          } else if (kind === 'rename') {
            if (isIn) await setMembership(world, who, roomId, 'join', { displayname: `name ${++names}` });
          } else if (kind === 'move') {
            await setMembership(world, who, roomId, isIn ? 'leave' : 'join');
            if (isIn) joined[room]!.delete(who);
            else joined[room]!.add(who);
          } else {
            const before = looks.get(who)!;
            const { changed, left } = await changesFor(world, who, before.at);
            for (const other of people) {
              const isSharing = other === who || share(who, other, joined);
              const wasSharing = other === who || share(who, other, before.joined);
              if (isSharing && (!wasSharing || before.keys.has(other))) expect(changed).toContain(other);
              if (!isSharing) expect(changed).not.toContain(other);
              if (wasSharing && !isSharing) expect(left).toContain(other);
              if (isSharing) expect(left).not.toContain(other);
            }
            looks.set(who, snapshot());
          }
        }
        for (const [index, members] of joined.entries()) {
          for (const who of members) await setMembership(world, who, roomIds[index]!, 'leave');
        }
      }),
      { numRuns: 25 },
    );
  });
});
