// Events that leave this server: whom they go to. Their texts come from outgoing-event.ts.

import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { ServerName, UserId } from '../../protocol/ids/branded.ts';
import { serverOf } from '../../protocol/ids/id-parts.ts';
import { bytesToHash } from '../../rooms/state/room-state.ts';
import { DamagedStateError } from '../../rooms/state-tree/fetch-nodes.ts';
import type { Database } from '../../storage/database.ts';
import { eventsByNid } from '../../storage/stores/events.ts';
import type { OutgoingRow } from '../../storage/stores/outgoing-events.ts';
import { serversOfPartialJoins } from '../../storage/stores/room-servers.ts';
import { createEventLoader } from './outgoing-event.ts';
import { type RoomServers, withTold } from './room-servers.ts';

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

const concerned: ReadonlySet<unknown> = new Set(['join', 'invite', 'knock']);
const outside: ReadonlySet<unknown> = new Set(['leave', 'ban']);

export const createOutgoingEvents = ({ db, clock, log, serverName, roomServers }: OutgoingEventsDeps) => {
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
    load: createEventLoader({ db, clock }),
    /** In the order given. */
    async address(rows: readonly OutgoingRow[]): Promise<AddressedRow[]> {
      if (rows.length === 0) return [];
      const told = await db.read((tx) => serversOfPartialJoins(tx, [...new Set(rows.map(({ room }) => room))]));
      const addressed: AddressedRow[] = [];
      for (const row of rows) addressed.push({ row, targets: await targetsOf(row, told.get(row.room)) });
      return addressed;
    },
  };
};

export type OutgoingEvents = ReturnType<typeof createOutgoingEvents>;
