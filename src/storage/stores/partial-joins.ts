// Rooms that were entered without their whole state, while the rest is fetched.

import type { EventId, RoomId, ServerName } from '../../protocol/ids/branded.ts';
import { type ReadTx, writer } from '../database.ts';

export interface PartialJoin {
  readonly room: number;
  readonly roomId: RoomId;
  readonly version: string;
  readonly joinEventId: EventId;
  /** The server that let this one in. */
  readonly via: ServerName;
  /** Servers in the room, as it told. */
  readonly servers: readonly ServerName[];
  readonly startedTs: number;
  readonly attempts: number;
  /** Of how many events the state is made; 0: not known yet. */
  readonly stateEvents: number;
  /** Those of them that are not here yet. */
  readonly missingEvents: number;
  /** The room has its whole state; what follows from it is still being written. */
  readonly isStateWhole: boolean;
}

const SELECT = `SELECT p.room AS "room", r.room_id AS "roomId", r.version AS "version", p.join_event_id AS "joinEventId",
  p.via AS "via", p.servers AS "servers", p.started_ts AS "startedTs", p.attempts AS "attempts",
  p.state_events AS "stateEvents", p.missing_events AS "missingEvents", p.is_state_whole AS "isStateWhole"
  FROM partial_joins p JOIN rooms r ON r.nid = p.room`;

type Row = Omit<PartialJoin, 'servers' | 'isStateWhole'> & { readonly servers: string; readonly isStateWhole: number };

const decoded = ({ servers, isStateWhole, ...row }: Row): PartialJoin => ({
  ...row,
  servers: JSON.parse(servers) as ServerName[],
  isStateWhole: isStateWhole === 1,
});

/** undefined: the room's state is whole here, or this server is not in it. */
export const partialJoinOf = async (tx: ReadTx, roomId: RoomId): Promise<PartialJoin | undefined> => {
  const row = await tx.get<Row>(`${SELECT} WHERE r.room_id = ?`, roomId);
  return row && decoded(row);
};

/** Those of rooms that users of this server are joined to, oldest first. */
export const partialJoins = async (tx: ReadTx): Promise<PartialJoin[]> => {
  const rows = await tx.all<Row>(
    `${SELECT} WHERE EXISTS (SELECT 1 FROM memberships m WHERE m.room = p.room AND m.membership = 'join' AND m.is_local = 1)
     ORDER BY p.started_ts, p.room`,
  );
  return rows.map(decoded);
};

/** Whether the server is told to be in this room (by nid), or in any, whose members are not all known yet. */
export const isToldInPart = async (tx: ReadTx, server: ServerName, room?: number): Promise<boolean> => {
  // Nothing in a server's name means anything to LIKE.
  const where = `FROM partial_joins WHERE servers LIKE ?${room === undefined ? '' : ' AND room = ?'} LIMIT 1`;
  const params = [`%${JSON.stringify(server)}%`, ...(room === undefined ? [] : [room])];
  return (await tx.get(`SELECT 1 AS "one" ${where}`, ...params)) !== undefined;
};

export interface PartialJoinProgress {
  readonly room: number;
  readonly stateEvents: number;
  readonly missingEvents: number;
}

export const notePartialJoinProgress = writer(
  'notePartialJoinProgress',
  async (tx, { room, stateEvents, missingEvents }: PartialJoinProgress): Promise<void> => {
    await tx.run(
      'UPDATE partial_joins SET state_events = ?, missing_events = ? WHERE room = ?',
      stateEvents,
      missingEvents,
      room,
    );
  },
);

export const countPartialJoinAttempt = writer('countPartialJoinAttempt', async (tx, room: number): Promise<void> => {
  await tx.run('UPDATE partial_joins SET attempts = attempts + 1 WHERE room = ?', room);
});

/** Whether a room (by nid) that was entered in part has its whole state, though it is not shown as such yet. */
export const isStateWhole = async (tx: ReadTx, room: number): Promise<boolean> =>
  (await tx.get('SELECT 1 AS "one" FROM partial_joins WHERE room = ? AND is_state_whole = 1', room)) !== undefined;

/** The state of the room's own past since the join: position and root, in their order. */
export const roomStatesFrom = (
  tx: ReadTx,
  room: number,
  position: number,
): Promise<{ position: number; root: Uint8Array }[]> =>
  tx.all(
    'SELECT position AS "position", root AS "root" FROM room_states WHERE room = ? AND position >= ? ORDER BY position',
    room,
    position,
  );

/** Events that name some of these as their prev events, by nid. */
export const directFollowers = (tx: ReadTx, prevs: readonly number[]): Promise<{ prev: number; event: number }[]> =>
  tx.all(
    `SELECT prev AS "prev", event AS "event" FROM edges WHERE ${tx.dialect.anyInt('prev')}`,
    tx.dialect.list(prevs),
  );
