// Memberships of this server's users in rooms whose events do not reach it: invites, knocks, and how they ended.

import type { EventId, RoomId, ServerName, UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx, WriteTx } from '../database.ts';
import { writer } from '../database.ts';
import { internEventType, internStateKey, internUser } from './names.ts';
import { insertNotification } from './persist.ts';
import type { NotificationRow } from './persist-rows.ts';

/** An m.room.member event that stands in no timeline; `content` and `rest` are PduTexts. */
export interface OutOfBandEvent {
  readonly eventId: EventId;
  readonly sender: UserId;
  /** The user of this server. */
  readonly target: UserId;
  readonly membership: string;
  readonly originServerTs: number;
  readonly depth: number;
  readonly content: string;
  readonly rest: string;
}

export interface OutOfBandArgs {
  /** Free: used when the event is not stored yet. */
  readonly nid: number;
  readonly roomId: RoomId;
  readonly version: string;
  /** Root of the state of nothing, for a room that was not known. */
  readonly emptyRoot: Uint8Array;
  readonly event: OutOfBandEvent;
  /** What a server told of the room, a JSON list of stripped state; undefined: nothing, as for leaves. */
  readonly told: { readonly events: string; readonly via: ServerName } | undefined;
  /** What the rules of the user say of the event; default: nothing. */
  readonly notifications?: readonly NotificationRow[];
}

const roomNidOf = async (tx: WriteTx, { roomId, version, emptyRoot }: OutOfBandArgs): Promise<number> => {
  const known = await tx.get<{ nid: number }>('SELECT nid AS "nid" FROM rooms WHERE room_id = ?', roomId);
  if (known) return known.nid;
  const row = await tx.get<{ nid: number }>(
    `INSERT INTO rooms (room_id, version, sequence, state_root, extremities, latest_position, notified_total, residency)
     VALUES (?, ?, 0, ?, '[]', 0, 0, 0) RETURNING nid`,
    roomId,
    version,
    emptyRoot,
  );
  return row!.nid;
};

const insertOutlier = async (tx: WriteTx, room: number, nid: number, event: OutOfBandEvent): Promise<number> => {
  const known = await tx.get<{ nid: number }>('SELECT nid AS "nid" FROM events WHERE event_id = ?', event.eventId);
  if (known) return known.nid;
  await tx.run(
    `INSERT INTO events (nid, event_id, room, position, type, sender, state_key, origin_server_ts, depth, content, rest)
     VALUES (?, ?, ?, NULL, ?, ?, ?, ?, ?, ?, ?)`,
    nid,
    event.eventId,
    room,
    await internEventType(tx, 'm.room.member'),
    await internUser(tx, event.sender),
    await internStateKey(tx, 'm.room.member', event.target),
    event.originServerTs,
    event.depth,
    event.content,
    event.rest,
  );
  return nid;
};

/** Wakes the user. Does nothing, and returns false, when they are joined. */
export const storeOutOfBand = writer('storeOutOfBand', async (tx, args: OutOfBandArgs): Promise<boolean> => {
  const room = await roomNidOf(tx, args);
  const user = await internUser(tx, args.event.target);
  const now = await tx.get<{ membership: string; event: number }>(
    'SELECT membership AS "membership", event AS "event" FROM memberships WHERE user_nid = ? AND room = ?',
    user,
    room,
  );
  if (now?.membership === 'join') return false;
  const event = await insertOutlier(tx, room, args.nid, args.event);
  const position = await tx.nextPosition({ room, users: [user] });
  await tx.run(
    `INSERT INTO memberships (user_nid, room, membership, event, sender, position, is_local, since_position)
     VALUES (?, ?, ?, ?, ?, ?, 1, ?)
     ON CONFLICT (user_nid, room) DO UPDATE SET membership = excluded.membership, event = excluded.event,
       sender = excluded.sender, position = excluded.position, forgotten = 0, since_position =
       CASE WHEN memberships.membership = excluded.membership THEN memberships.since_position ELSE excluded.position END`,
    user,
    room,
    args.event.membership,
    event,
    await internUser(tx, args.event.sender),
    position,
    position,
  );
  // A server that got no answer sends its invite again.
  const isNews = now?.event !== event;
  for (const row of isNews ? (args.notifications ?? []) : []) {
    if (row.user !== user) continue;
    await insertNotification(tx, room, { nid: event, thread: null, notifies: false, highlights: false }, row, position);
  }
  await tx.run('DELETE FROM stripped_states WHERE user_nid = ? AND room = ?', user, room);
  if (args.told !== undefined) {
    const { events, via } = args.told;
    await tx.run(
      'INSERT INTO stripped_states (user_nid, room, events, via) VALUES (?, ?, ?, ?)',
      user,
      room,
      events,
      via,
    );
  }
  return true;
});

/** After this server came into the room: from now on its state tells who is invited. */
export const forgetStrippedStates = writer('forgetStrippedStates', async (tx, room: number): Promise<void> => {
  await tx.run('DELETE FROM stripped_states WHERE room = ?', room);
});

/** A JSON list of stripped state events; undefined: the room's own state tells of it. */
export const strippedStateOf = async (tx: ReadTx, user: number, room: number): Promise<string | undefined> => {
  const row = await tx.get<{ events: string }>(
    'SELECT events AS "events" FROM stripped_states WHERE user_nid = ? AND room = ?',
    user,
    room,
  );
  return row?.events;
};

/** Of an invite that stands in no state of this server: the event's nid, and a JSON list of stripped state events. */
export const openInviteOf = (
  tx: ReadTx,
  user: number,
  room: number,
): Promise<{ readonly event: number; readonly events: string } | undefined> =>
  tx.get(
    `SELECT m.event AS "event", s.events AS "events" FROM memberships m
     JOIN stripped_states s ON s.room = m.room AND s.user_nid = m.user_nid
     WHERE m.user_nid = ? AND m.room = ? AND m.membership = 'invite'`,
    user,
    room,
  );

export interface OutOfBandMembership {
  readonly room: number;
  readonly version: string;
  readonly membership: 'invite' | 'knock';
  readonly event: number;
  readonly eventId: EventId;
  /** Who invited, or knocks. */
  readonly sender: UserId;
  /** The server that sent the invite, or took the knock. */
  readonly via: ServerName;
}

/** An invite or a knock that stands in no state of this server. */
export const outOfBandOf = (tx: ReadTx, user: number, roomId: RoomId): Promise<OutOfBandMembership | undefined> =>
  tx.get(
    `SELECT m.room AS "room", r.version AS "version", m.membership AS "membership", m.event AS "event",
       e.event_id AS "eventId", u.user_id AS "sender", s.via AS "via"
     FROM rooms r JOIN memberships m ON m.room = r.nid AND m.user_nid = ?
     JOIN stripped_states s ON s.room = r.nid AND s.user_nid = m.user_nid
     JOIN events e ON e.nid = m.event JOIN users u ON u.nid = m.sender
     WHERE r.room_id = ? AND m.membership IN ('invite', 'knock')`,
    user,
    roomId,
  );

/** Who sent the user's last m.room.member event in the room, e.g. an invite or its end. */
export const lastSenderOf = async (tx: ReadTx, user: number, roomId: RoomId): Promise<UserId | undefined> => {
  const row = await tx.get<{ sender: UserId }>(
    `SELECT u.user_id AS "sender" FROM rooms r JOIN memberships m ON m.room = r.nid AND m.user_nid = ?
     JOIN users u ON u.nid = m.sender WHERE r.room_id = ?`,
    user,
    roomId,
  );
  return row?.sender;
};

export interface Residency {
  readonly nid: number;
  /** 0 not in the room, 1 in it, 2 in it without its whole state yet. */
  readonly residency: number;
  /** Whether a user of this server is joined, and whether one of another server is, as far as is known here. */
  readonly hasLocal: boolean;
  readonly hasRemote: boolean;
}

/** undefined: nothing here ever named the room. */
export const residencyOf = async (tx: ReadTx, roomId: RoomId): Promise<Residency | undefined> => {
  const room = await tx.get<{ nid: number; residency: number }>(
    'SELECT nid AS "nid", residency AS "residency" FROM rooms WHERE room_id = ?',
    roomId,
  );
  if (!room) return undefined;
  const isAny = async (isLocal: number): Promise<boolean> =>
    (await tx.get(
      `SELECT 1 AS "one" FROM memberships WHERE room = ? AND membership = 'join' AND is_local = ? LIMIT 1`,
      room.nid,
      isLocal,
    )) !== undefined;
  return { ...room, hasLocal: await isAny(1), hasRemote: await isAny(0) };
};
