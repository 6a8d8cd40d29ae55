// Rooms of other servers that this one enters: their rows, and their states and auth chains beside the timeline.

import type { EventId, RoomId } from '../../protocol/ids/branded.ts';
import { type ReadTx, writer } from '../database.ts';
import { packRest } from '../rest-text.ts';
import { internAll, type NamesWanted } from './names.ts';
import { insertFailure } from './persist-received.ts';
import type { EventRow } from './persist-rows.ts';
import { awaitersOf } from './received-events.ts';

export interface RoomRow {
  readonly nid: number;
  readonly version: string;
  readonly sequence: number;
  readonly stateRoot: Uint8Array;
  /** Event nids. */
  readonly extremities: readonly number[];
  readonly notifiedTotal: number;
}

/** Also rooms that this server is not in. */
export const anyRoomById = async (tx: ReadTx, roomId: RoomId): Promise<RoomRow | undefined> => {
  const row = await tx.get<Omit<RoomRow, 'extremities'> & { extremities: string }>(
    `SELECT nid AS "nid", version AS "version", sequence AS "sequence", state_root AS "stateRoot",
       extremities AS "extremities", notified_total AS "notifiedTotal" FROM rooms WHERE room_id = ?`,
    roomId,
  );
  return row && { ...row, extremities: JSON.parse(row.extremities) as number[] };
};

/** Whether this server is or was in the room. */
export const wasEntered = async (tx: ReadTx, roomId: RoomId): Promise<boolean> =>
  ((await anyRoomById(tx, roomId))?.extremities.length ?? 0) > 0;

/** Makes the row of a room that this server is not in yet; one that is there stays as it is. */
export const prepareRoom = writer(
  'prepareRoom',
  async (tx, room: { roomId: RoomId; version: string; stateRoot: Uint8Array }): Promise<void> => {
    await tx.run(
      `INSERT INTO rooms (room_id, version, sequence, state_root, extremities, latest_position, notified_total, residency)
       VALUES (?, ?, 0, ?, '[]', 0, 0, 0) ON CONFLICT (room_id) DO NOTHING`,
      room.roomId,
      room.version,
      room.stateRoot,
    );
  },
);

export interface OutliersToStore {
  readonly room: number;
  /** What the events name. Their `type`, `sender` and `stateKey` are places in these lists. */
  readonly names: NamesWanted;
  readonly events: readonly Pick<
    EventRow,
    | 'nid'
    | 'eventId'
    | 'type'
    | 'sender'
    | 'stateKey'
    | 'originServerTs'
    | 'depth'
    | 'content'
    | 'rest'
    | 'verdict'
    | 'failure'
    | 'awaits'
  >[];
  /** Pairs of auth event and event, by nid. */
  readonly authEdges: readonly (readonly [number, number])[];
  readonly now: number;
}

export interface StoredOutliers {
  /** In the order of `names.stateKeys`. */
  readonly stateKeys: readonly number[];
  /** So many events were rejected for want of these: they are noted to be judged again. */
  readonly woken: number;
}

/** Some of a room's state or auth chain, beside its timeline. None of them is stored. */
export const storeOutliers = writer('storeOutliers', async (tx, args: OutliersToStore): Promise<StoredOutliers> => {
  const { users, types, stateKeys } = await internAll(tx, args.names);
  await tx.runMany(
    `INSERT INTO events (nid, event_id, room, type, sender, state_key, origin_server_ts, depth, content, rest, verdict)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    args.events.map((event) => [
      event.nid,
      event.eventId,
      args.room,
      types[event.type]!,
      users[event.sender]!,
      event.stateKey === null ? null : stateKeys[event.stateKey]!,
      event.originServerTs,
      event.depth,
      event.content,
      packRest(event.rest),
      event.verdict,
    ]),
  );
  await tx.runMany('INSERT INTO auth_edges (auth, event) VALUES (?, ?) ON CONFLICT DO NOTHING', args.authEdges);
  for (const event of args.events) {
    if (event.failure) await insertFailure(tx, event, event.failure, args.now);
    for (const awaited of event.awaits ?? []) {
      await tx.run(
        'INSERT INTO awaited_events (awaited_event_id, event) VALUES (?, ?) ON CONFLICT DO NOTHING',
        awaited,
        event.nid,
      );
    }
  }
  const awaiters = await awaitersOf(
    tx,
    args.events.map(({ eventId }) => eventId as EventId),
  );
  await tx.runMany(
    'INSERT INTO rejudgements (event, room) VALUES (?, ?) ON CONFLICT DO NOTHING',
    awaiters.map(({ event }) => [event, args.room]),
  );
  return { stateKeys, woken: awaiters.length };
});
