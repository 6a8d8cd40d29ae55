// Events that leave this server: whom they go to, and their text, which all destinations share.

import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { LruCache } from '../../lib/lru-cache.ts';
import { joinPdu } from '../../protocol/events/join-pdu.ts';
import type { RoomId, ServerName, UserId } from '../../protocol/ids/branded.ts';
import { serverOf } from '../../protocol/ids/id-parts.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';
import { roomVersion } from '../../protocol/room-versions/room-versions.ts';
import { bytesToHash } from '../../rooms/state/room-state.ts';
import { DamagedStateError } from '../../rooms/state-tree/fetch-nodes.ts';
import type { Database } from '../../storage/database.ts';
import { eventsAtPositions, eventsByNid } from '../../storage/stores/events.ts';
import type { OutgoingRow } from '../../storage/stores/outgoing-events.ts';
import { serversOfPartialJoins } from '../../storage/stores/room-servers.ts';
import { roomByNid } from '../../storage/stores/rooms.ts';
import { type RoomServers, withTold } from './room-servers.ts';

export interface OutgoingEvent {
  readonly position: number;
  readonly room: number;
  /** The PDU's canonical JSON. */
  readonly pdu: string;
  /** How many destinations do not have it, of those it was handed to. */
  waiting: number;
}

export interface AddressedRow {
  readonly row: OutgoingRow;
  readonly targets: ReadonlySet<ServerName>;
}

export interface OutgoingEventsDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly serverName: ServerName;
  readonly roomServers: RoomServers;
}

interface Room {
  readonly roomId: RoomId;
  readonly version: RoomVersion;
}

const ROOMS_MAX = 10_000;
/** Servers that were away together miss the same events: read once for all of them. */
const SHARED_MAX = 1000;
/** An event that was redacted meanwhile goes out as what is left of it. */
const SHARED_MS = 30_000;
const concerned: ReadonlySet<unknown> = new Set(['join', 'invite', 'knock']);
const outside: ReadonlySet<unknown> = new Set(['leave', 'ban']);

export const createOutgoingEvents = ({ db, clock, log, serverName, roomServers }: OutgoingEventsDeps) => {
  const rooms = new LruCache<number, Room>(ROOMS_MAX);
  const shared = new LruCache<number, { readonly event: OutgoingEvent; readonly atMs: number }>(SHARED_MAX);

  const roomOf = async (nid: number): Promise<Room | undefined> => {
    const known = rooms.get(nid);
    if (known) return known;
    const stored = await db.read((tx) => roomByNid(tx, nid));
    const version = stored && roomVersion(stored.version);
    if (!version) return undefined;
    const room = { roomId: stored.roomId, version };
    rooms.set(nid, room);
    return room;
  };

  /** Of a state that is damaged, those in the current one: an event must not hold up all others. */
  const serversAt = async (row: OutgoingRow): Promise<ReadonlySet<ServerName>> => {
    try {
      return await roomServers.at(row.room, bytesToHash(row.stateRoot));
    } catch (err) {
      if (!(err instanceof DamagedStateError)) throw err;
      log.error(
        { err, room: row.room, event: row.nid },
        'The state at an event is damaged: it goes to those in the room now.',
      );
      return roomServers.now(row.room);
    }
  };

  /** The server of a user who was in the room, invited or knocking before the event, and is not after it. */
  const serverThatLeft = async (row: OutgoingRow): Promise<ServerName | undefined> => {
    if (row.isMember === 0 || row.replaces === null) return undefined;
    const events = await db.read((tx) => eventsByNid(tx, [row.nid, row.replaces!]));
    const membershipIn = (nid: number): unknown => {
      const event = events.find((each) => each.nid === nid);
      return event && (JSON.parse(event.content) as { membership?: unknown }).membership;
    };
    const member = events.find(({ nid }) => nid === row.nid)?.stateKey as UserId | undefined;
    if (member === undefined) return undefined;
    if (!outside.has(membershipIn(row.nid)) || !concerned.has(membershipIn(row.replaces))) return undefined;
    const server = serverOf(member);
    return server === serverName ? undefined : server;
  };

  /** "servers in the room at that time": those in the state after the event, and whom it makes leave. */
  const targetsOf = async (
    row: OutgoingRow,
    told: readonly ServerName[] | undefined,
  ): Promise<ReadonlySet<ServerName>> => {
    const inState = await serversAt(row);
    const servers = withTold(inState, told, serverName);
    const left = await serverThatLeft(row);
    const origin = serverOf(row.sender);
    if (left === undefined && (origin === serverName || !servers.has(origin))) return servers;
    const targets = new Set(servers);
    if (left !== undefined) targets.add(left);
    // An event that is forwarded came from there.
    targets.delete(origin);
    return targets;
  };

  return {
    /** In the order given. */
    async address(rows: readonly OutgoingRow[]): Promise<AddressedRow[]> {
      if (rows.length === 0) return [];
      const told = await db.read((tx) => serversOfPartialJoins(tx, [...new Set(rows.map(({ room }) => room))]));
      const addressed: AddressedRow[] = [];
      for (const row of rows) addressed.push({ row, targets: await targetsOf(row, told.get(row.room)) });
      return addressed;
    },

    /** Events at some positions with their texts, in order; those that are not stored any more are left out. */
    async load(positions: readonly number[]): Promise<OutgoingEvent[]> {
      const atMs = clock.monotonic();
      const known = positions.map((position) => shared.get(position)).filter((each) => each !== undefined);
      const events = known.filter((each) => atMs - each.atMs < SHARED_MS).map(({ event }) => event);
      const has = new Set(events.map(({ position }) => position));
      const absent = positions.filter((position) => !has.has(position));
      const stored = absent.length === 0 ? [] : await db.read((tx) => eventsAtPositions(tx, absent));
      for (const row of stored) {
        const room = await roomOf(row.room);
        // Not of a room whose version this server has forgotten.
        if (!room) continue;
        const { roomId, version } = room;
        const event = { position: row.position!, room: row.room, pdu: joinPdu(row, roomId, version), waiting: 0 };
        shared.set(event.position, { event, atMs });
        events.push(event);
      }
      return events.sort((a, b) => a.position - b.position);
    },
  };
};

export type OutgoingEvents = ReturnType<typeof createOutgoingEvents>;
