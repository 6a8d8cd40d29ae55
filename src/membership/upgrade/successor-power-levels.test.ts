// Power levels that move from version to version.

import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { EventId, RoomId, UserId } from '../../protocol/ids/branded.ts';
import { roomVersions } from '../../protocol/room-versions/room-versions.ts';
import { successorPowerLevels } from './successor-power-levels.ts';

const [alice, bob, carol] = ['@alice:test', '@bob:test', '@carol:test'] as UserId[] as [UserId, UserId, UserId];

const createOf = (content: JsonObject): RoomEvent => ({
  eventId: '$create' as EventId,
  roomId: '!room:test' as RoomId,
  type: 'm.room.create',
  stateKey: '',
  sender: alice,
  content,
  originServerTs: 0,
  depth: 1,
  prevEvents: [],
  authEvents: [],
  redacts: undefined,
});

describe('power levels of a room that replaces another', () => {
  it('become integers, and lose what is no level', () => {
    const levels = {
      users: { [alice]: ' 100 ', [bob]: 'much' },
      events: { 'm.room.name': '050', x: {} },
      ban: '60',
      kick: [],
      notifications: { room: '20' },
      'org.example.key': 'kept',
    };
    const old = { version: roomVersions[9], create: createOf({ creator: alice }), levels };
    const { initial, final } = successorPowerLevels(old, roomVersions[11], [alice]);
    expect(final).toEqual({
      users: { [alice]: 100 },
      events: { 'm.room.name': 50 },
      ban: 60,
      notifications: { room: 20 },
      'org.example.key': 'kept',
    });
    expect(initial).toBe(final);
  });

  it('give who upgrades what setting up takes, and take it back', () => {
    const levels = { users: { [alice]: 100, [bob]: 50 }, events: { 'm.room.server_acl': 120 } };
    const old = { version: roomVersions[10], create: createOf({ creator: alice }), levels };
    const { initial, final } = successorPowerLevels(old, roomVersions[11], [bob]);
    expect(initial.users).toEqual({ [alice]: 100, [bob]: 120 });
    expect(final.users).toEqual({ [alice]: 100, [bob]: 50 });
  });

  it('since version 12 leave the creators out and raise the tombstone', () => {
    const levels = { users: { [alice]: 100, [bob]: 100, [carol]: 50 }, state_default: 200 };
    const old = { version: roomVersions[11], create: createOf({}), levels };
    const { final } = successorPowerLevels(old, roomVersions[12], [bob, alice]);
    expect(final).toMatchObject({ users: { [carol]: 50 }, events: { 'm.room.tombstone': 201 } });
    const again = successorPowerLevels({ ...old, version: roomVersions[12], levels: final }, roomVersions[12], [carol]);
    expect(again.final).toMatchObject({ users: {}, events: { 'm.room.tombstone': 201 } });
  });

  it('name the creators of version 12 where creators must be named', () => {
    const create = createOf({ additional_creators: [carol, 7] });
    const levels = { users: { [bob]: 150 }, events: { 'm.room.tombstone': 150 } };
    const { initial } = successorPowerLevels({ version: roomVersions[12], create, levels }, roomVersions[11], [bob]);
    expect(initial.users).toEqual({ [alice]: 150, [bob]: 150, [carol]: 150 });
  });

  it('keep the creator in power where the old room has none', () => {
    const old = { version: roomVersions[10], create: createOf({ creator: alice }), levels: undefined };
    const { initial, final } = successorPowerLevels(old, roomVersions[11], [alice]);
    expect(initial).toEqual({ users: { [alice]: 100 }, events: {} });
    expect(final).toBe(initial);
  });
});
