import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../lib/clock.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import type { ServerName, UserId } from '../protocol/ids/branded.ts';
import { roomVersions } from '../protocol/room-versions/room-versions.ts';
import { signingKeyFromSeed } from '../protocol/signing/signing-key.ts';
import type { Database } from '../storage/database.ts';
import { openSqlite } from '../storage/sqlite/open-sqlite.ts';
import { timeline } from '../storage/stores/events.ts';
import { roomById } from '../storage/stores/rooms.ts';
import type { RoomRef } from './room-ref.ts';
import { createRooms, type Rooms } from './rooms.ts';

const alice = '@alice:test' as UserId;
const bob = '@bob:test' as UserId;

let directory: string;
let db: Database;
let rooms: Rooms;

const openRooms = (): Rooms =>
  createRooms({
    db,
    clock: systemClock,
    serverName: 'test' as ServerName,
    signingKey: signingKeyFromSeed('ed25519:1', Buffer.alloc(32, 7).toString('base64')),
    notifications: { judge: async () => ({ notifies: true, highlights: false, exceptions: [] }) },
  });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kintsugi-rooms-'));
  db = await openSqlite({ directory });
  rooms = openRooms();
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

const newRoom = (version: keyof typeof roomVersions): Promise<RoomRef> =>
  rooms.create({
    version: roomVersions[version],
    create: {
      type: 'm.room.create',
      stateKey: '',
      sender: alice,
      content: { room_version: version, ...(roomVersions[version].creatorInContent && { creator: alice }) },
    },
    rest: () => [
      { type: 'm.room.member', stateKey: alice, sender: alice, content: { membership: 'join' } },
      {
        type: 'm.room.power_levels',
        stateKey: '',
        sender: alice,
        content: (roomVersions[version].privilegedCreators ? {} : { users: { [alice]: 100 } }) as JsonObject,
      },
      { type: 'm.room.join_rules', stateKey: '', sender: alice, content: { join_rule: 'public' } },
    ],
  });

const message = (body: string, sender = alice) => ({ type: 'm.room.message', sender, content: { body } });

describe('the room engine', () => {
  it.each(Object.keys(roomVersions) as (keyof typeof roomVersions)[])(
    'creates rooms of version %s',
    async (version) => {
      const room = await newRoom(version);
      expect(room.roomId).toMatch(version === '12' ? /^![\w-]{43}$/ : /^!.+:test$/);
      const sent = await rooms.send(room.roomId, message('hello'));
      const [latest] = await db.read((tx) =>
        timeline(tx, { room: room.nid, after: 0, upTo: sent.position, backwards: true, limit: 1 }),
      );
      expect(latest).toMatchObject({ eventId: sent.eventId, content: '{"body":"hello"}', depth: 5 });
    },
  );

  it('refuses what the rules refuse and says which', async () => {
    const room = await newRoom('11');
    const refused = rooms.send(room.roomId, message('let me in', bob));
    await expect(refused).rejects.toMatchObject({ status: 403, errcode: 'M_FORBIDDEN' });
  });

  it('serves many senders at once, one event after the other', async () => {
    const room = await newRoom('12');
    const bodies = Array.from({ length: 200 }, (_, index) => String(index));
    const sent = await Promise.all(bodies.map((body) => rooms.send(room.roomId, message(body))));
    const positions = sent.map(({ position }) => position);
    const events = await db.read((tx) =>
      timeline(tx, { room: room.nid, after: 0, upTo: Math.max(...positions), backwards: false, limit: 1000 }),
    );
    expect(events.slice(4).map(({ depth }) => depth)).toEqual(bodies.map((_, index) => index + 5));
    expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(204);
    // Each event has exactly the one before it as prev_events.
    for (const [index, event] of events.entries()) {
      const { prev_events: prevs } = JSON.parse(event.rest) as { prev_events: string[] };
      expect(prevs).toEqual(index === 0 ? [] : [events[index - 1]!.eventId]);
    }
  });

  it('goes on after a restart where it stopped', async () => {
    const room = await newRoom('10');
    const before = await rooms.send(room.roomId, message('before'));
    const restarted = openRooms();
    const after = await restarted.send(room.roomId, message('after'));
    expect(after.position).toBeGreaterThan(before.position);
    const stored = await db.read((tx) => roomById(tx, room.roomId));
    expect(stored!.latestPosition).toBe(after.position);
    // The first engine drafts on a room that moved on without it, and finds its way back.
    const third = await rooms.send(room.roomId, message('third'));
    expect(third.position).toBeGreaterThan(after.position);
  });

  it('redacts', async () => {
    const room = await newRoom('11');
    const { eventId } = await rooms.send(room.roomId, message('secret'));
    const redaction = { type: 'm.room.redaction', sender: alice, content: {}, redacts: eventId };
    const sent = await rooms.send(room.roomId, redaction);
    const events = await db.read((tx) =>
      timeline(tx, { room: room.nid, after: 0, upTo: sent.position, backwards: true, limit: 2 }),
    );
    expect(events.map(({ content }) => content)).toEqual([`{"redacts":"${eventId}"}`, '{}']);
    expect(events[1]!.redactedBy).toBe(events[0]!.nid);
  });
});
