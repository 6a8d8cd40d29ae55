// What a server answers that is asked about a foreign room. Server-Server API, the endpoints of rooms.

import type { JsonObject } from '../../src/protocol/events/json.ts';
import type { EventId, UserId } from '../../src/protocol/ids/branded.ts';
import { serverOf } from '../../src/protocol/ids/id-parts.ts';
import { stateKeyOf } from '../../src/protocol/state-resolution/state-key.ts';
import { type ForeignRoom, ROOM_VERSION } from './foreign-room.ts';

const BACKFILL_MAX = 100;
const MISSING_MAX = 20;

const textsOf = (room: ForeignRoom, ids: Iterable<EventId>): string => {
  const texts: string[] = [];
  for (const id of ids) {
    const found = room.events.get(id);
    if (found) texts.push(found.pduJson);
  }
  return `[${texts.join(',')}]`;
};

export const authChain = (room: ForeignRoom, ids: Iterable<EventId>): Set<EventId> => {
  const chain = new Set<EventId>();
  const left = [...ids];
  for (let id = left.pop(); id !== undefined; id = left.pop()) {
    for (const auth of room.events.get(id)?.event.authEvents ?? []) {
      if (chain.has(auth)) continue;
      chain.add(auth);
      left.push(auth);
    }
  }
  return chain;
};

/** Along first prev events: nobody asks within forks, whose events are all at hand. */
const stateBefore = (room: ForeignRoom, eventId: EventId): EventId[] => {
  const state = new Map<string, EventId>();
  for (let id = room.events.get(eventId)?.event.prevEvents[0]; id !== undefined; ) {
    const { type, stateKey, prevEvents } = room.events.get(id)!.event;
    if (stateKey !== undefined) {
      const key = stateKeyOf(type, stateKey);
      if (!state.has(key)) state.set(key, id);
    }
    id = prevEvents[0];
  }
  return [...state.values()];
};

/** Newest first, the start included. */
const walkBack = (
  room: ForeignRoom,
  start: readonly EventId[],
  limit: number,
  ends: ReadonlySet<EventId> = new Set(),
): EventId[] => {
  const found = new Set<EventId>();
  const left = start.filter((id) => !ends.has(id));
  for (let at = 0; at < left.length && found.size < limit; at++) {
    const known = room.events.get(left[at]!);
    if (!known || found.has(left[at]!)) continue;
    found.add(left[at]!);
    left.push(...known.event.prevEvents.filter((id) => !ends.has(id)));
  }
  return [...found];
};

/** JSON text. */
export const makeJoin = (room: ForeignRoom, user: UserId): string => {
  const content = { membership: 'join' };
  const draft = { type: 'm.room.member', stateKey: user, sender: user, content };
  const { prevEvents, authEvents, depth } = room.main.references(draft);
  const event = {
    ...{ type: draft.type, state_key: user, sender: user, content, room_id: room.roomId },
    ...{ prev_events: prevEvents, auth_events: authEvents, depth },
    ...{ origin: serverOf(room.creator), origin_server_ts: Date.now() },
  };
  return JSON.stringify({ room_version: ROOM_VERSION, event });
};

/** JSON text; the room has the join from now on. */
export const sendJoin = (room: ForeignRoom, join: JsonObject, omitsMembers: boolean): string => {
  const before = [...room.main.state.values()];
  const joined = room.main.add(join);
  const isKept = (id: EventId): boolean => !omitsMembers || room.events.get(id)!.event.type !== 'm.room.member';
  const state = before.filter(isKept);
  const servers = omitsMembers ? `,"servers_in_room":${JSON.stringify(serversOf(room))}` : '';
  return (
    `{"origin":"${serverOf(room.creator)}","members_omitted":${omitsMembers}${servers},"event":${joined.pduJson},` +
    `"state":${textsOf(room, state)},"auth_chain":${textsOf(room, authChain(room, [...state, joined.event.eventId]))}}`
  );
};

const serversOf = (room: ForeignRoom): string[] => {
  const servers = new Set<string>();
  for (const id of room.main.state.values()) {
    const { type, stateKey, content } = room.events.get(id)!.event;
    if (type === 'm.room.member' && content.membership === 'join') servers.add(serverOf(stateKey as UserId)!);
  }
  return [...servers];
};

/** JSON text; undefined: there is no such question. */
export const answerAbout = (room: ForeignRoom, what: string, query: URLSearchParams, body: string) => {
  const at = query.get('event_id') as EventId;
  const origin = `"origin":"${serverOf(room.creator)}","origin_server_ts":${Date.now()}`;
  if (what === 'state_ids') {
    const ids = stateBefore(room, at);
    return JSON.stringify({ pdu_ids: ids, auth_chain_ids: [...authChain(room, ids)] });
  }
  if (what === 'state') {
    const ids = stateBefore(room, at);
    return `{"pdus":${textsOf(room, ids)},"auth_chain":${textsOf(room, authChain(room, ids))}}`;
  }
  if (what === 'backfill') {
    const ids = walkBack(room, query.getAll('v') as EventId[], Math.min(BACKFILL_MAX, Number(query.get('limit'))));
    return `{${origin},"pdus":${textsOf(room, ids)}}`;
  }
  if (what === 'get_missing_events') {
    const asked = JSON.parse(body) as { latest_events: EventId[]; earliest_events: EventId[]; limit?: number };
    const prevs = asked.latest_events.flatMap((id) => room.events.get(id)?.event.prevEvents ?? []);
    const limit = Math.min(MISSING_MAX, asked.limit ?? 10);
    return `{"events":${textsOf(room, walkBack(room, prevs, limit, new Set(asked.earliest_events)).reverse())}}`;
  }
  return undefined;
};

/** JSON text of one event, or of the auth chain of one. */
export const answerEvent = (room: ForeignRoom, eventId: EventId): string =>
  `{"origin":"${serverOf(room.creator)}","origin_server_ts":${Date.now()},"pdus":${textsOf(room, [eventId])}}`;

export const answerEventAuth = (room: ForeignRoom, eventId: EventId): string =>
  `{"auth_chain":${textsOf(room, authChain(room, [eventId]))}}`;
