// A room in the database made of bare rows, for contract tests of what reads events: no rules, no signatures.

import type { UserId } from '../../src/protocol/ids/branded.ts';
import type { Database } from '../../src/storage/database.ts';
import { internNames } from '../../src/storage/stores/names.ts';
import {
  type EventRow,
  type MembershipRow,
  persistEvents,
  reserveEventNids,
} from '../../src/storage/stores/persist.ts';

export interface StoredRoomEvent {
  readonly nid: number;
  readonly eventId: string;
  readonly position: number;
}

export interface EventToStore {
  readonly sender: number;
  readonly thread?: number | null;
  readonly notifies?: boolean;
  readonly highlights?: boolean;
  readonly notifications?: EventRow['notifications'];
  readonly relation?: EventRow['relation'];
  readonly content?: object;
}

export interface StoredTestRoom {
  readonly nid: number;
  readonly roomId: string;
  send(event: EventToStore): Promise<StoredRoomEvent>;
  member(user: number, membership: string, isLocal?: boolean, content?: object): Promise<StoredRoomEvent>;
}

export const internTestUsers = async (db: Database, ...userIds: string[]): Promise<number[]> =>
  (await db.write(internNames, { users: userIds as UserId[], types: [], stateKeys: [] })).users;

export const storeRoom = async (db: Database, roomId: string): Promise<StoredTestRoom> => {
  const names = await db.write(internNames, {
    users: [],
    types: ['m.room.message', 'm.room.member'],
    stateKeys: [],
  });
  const [message, member] = names.types as [number, number];
  let room = 0;
  let sequence = 0;
  let newest = 0;
  let notifiedTotal = 0;
  // No real one, but another with each membership.
  const root = new Uint8Array(32);

  const persist = async (
    event: EventToStore & { type: number; stateKey: number | null },
    memberships: (nid: number) => readonly MembershipRow[],
  ): Promise<StoredRoomEvent> => {
    const nid = await db.write(reserveEventNids, 1);
    if (event.stateKey !== null) root[0] = (root[0]! + 1) % 256;
    const { notifies = false, highlights = false, thread = null } = event;
    if (notifies) notifiedTotal += 1;
    const eventId = `$event${nid}`;
    const row: EventRow = {
      nid,
      eventId,
      type: event.type,
      sender: event.sender,
      stateKey: event.stateKey,
      originServerTs: nid,
      depth: nid,
      content: JSON.stringify(event.content ?? {}),
      rest: '{}',
      stateRoot: root,
      currentRoot: null,
      replaces: null,
      thread,
      notifies,
      highlights,
      notifiedTotal,
      verdict: 0,
      inTimeline: true,
      prevs: [],
      missingPrevs: [],
      ...(event.relation && { relation: event.relation }),
      ...(event.notifications && { notifications: event.notifications }),
    };
    const persisted = await db.write(persistEvents, {
      room: room === 0 ? { roomId, version: '12' } : { nid: room },
      sequence,
      upon: newest === 0 ? [] : [newest],
      events: [row],
      memberships: memberships(nid),
      stateRoot: root,
      stateChanged: false,
      nodes: [],
      extremities: [nid],
      notifiedTotal,
      now: 1,
    });
    ({ room } = persisted);
    sequence += 1;
    newest = nid;
    return { nid, eventId, position: persisted.positions[0]! };
  };

  const [creator] = await internTestUsers(db, '@creator:elsewhere');
  await persist({ sender: creator!, type: message, stateKey: null }, () => []);
  return {
    nid: room,
    roomId,
    send: (event) => persist({ ...event, type: message, stateKey: null }, () => []),
    member: (user, membership, isLocal = true, content = {}) =>
      persist({ sender: user, type: member, stateKey: user, content }, (nid) => [
        { user, membership, event: nid, sender: user, isLocal },
      ]),
  };
};
