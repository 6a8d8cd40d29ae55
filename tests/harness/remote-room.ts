// A room as another server has it: events that a test makes and signs, and what the server answers when it is asked for them.

import { buildEvent } from '../../src/protocol/events/build-event.ts';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import type { ParsedPdu } from '../../src/protocol/events/parse-pdu.ts';
import { parsePdu } from '../../src/protocol/events/parse-pdu.ts';
import type { EventId, RoomId, ServerName, UserId } from '../../src/protocol/ids/branded.ts';
import type { RoomVersion } from '../../src/protocol/room-versions/room-version.ts';
import type { SigningKey } from '../../src/protocol/signing/signing-key.ts';
import type { PeerHandler } from './peer-server.ts';

export interface RemoteEvent {
  readonly eventId: EventId;
  readonly wire: JsonObject;
  readonly parsed: ParsedPdu;
}

export interface EventToMake {
  readonly type?: string;
  readonly stateKey?: string;
  readonly sender?: UserId;
  readonly content?: JsonObject;
  /** Default: the last event that was made. */
  readonly prevEvents?: readonly EventId[];
  /** Default: `authEvents` of the room. */
  readonly authEvents?: readonly EventId[];
  readonly depth?: number;
  readonly originServerTs?: number;
}

export interface RemoteRoomOptions {
  readonly roomId: RoomId;
  readonly version: RoomVersion;
  readonly server: { readonly name: ServerName; readonly key: SigningKey };
}

export interface RemoteRoom {
  readonly roomId: RoomId;
  readonly version: RoomVersion;
  readonly events: Map<EventId, RemoteEvent>;
  /** What new events name as their auth events. */
  authEvents: readonly EventId[];
  /** What the next event follows. */
  latest: readonly EventId[];
  depth: number;
  /** Events that the server does not give to anybody. */
  readonly withheld: Set<EventId>;
  make(event?: EventToMake): RemoteEvent;
  /** An event of another's making that the room has. */
  add(wire: JsonObject): RemoteEvent;
  /** The state before an event along its first prev events. */
  stateBefore(eventId: EventId): EventId[];
  /** Answers what is asked about the room; undefined: it is about something else. */
  readonly answer: (url: string, body: string) => [number, JsonObject] | undefined;
}

const userOf = (server: ServerName): UserId => `@bob:${server}` as UserId;

export const createRemoteRoom = ({ roomId, version, server }: RemoteRoomOptions): RemoteRoom => {
  const events = new Map<EventId, RemoteEvent>();
  const withheld = new Set<EventId>();
  const given = (id: EventId): RemoteEvent | undefined => (withheld.has(id) ? undefined : events.get(id));
  const wires = (ids: Iterable<EventId>): JsonObject[] =>
    [...ids].flatMap((id) => (given(id) ? [given(id)!.wire] : []));

  const add = (wire: JsonObject): RemoteEvent => {
    const parsed = parsePdu(wire, version, { limitReferences: false });
    const event = { eventId: parsed.event.eventId, wire: parsed.pdu, parsed };
    events.set(event.eventId, event);
    return event;
  };

  /** Oldest first. */
  const between = (latest: readonly EventId[], earliest: ReadonlySet<EventId>, limit: number): EventId[] => {
    const found = new Set<EventId>();
    let layer = latest.flatMap((id) => events.get(id)?.parsed.event.prevEvents ?? []);
    while (layer.length > 0 && found.size < limit) {
      const next: EventId[] = [];
      for (const id of layer) {
        if (found.has(id) || earliest.has(id) || !given(id) || found.size >= limit) continue;
        found.add(id);
        next.push(...events.get(id)!.parsed.event.prevEvents);
      }
      layer = next;
    }
    return [...found].reverse();
  };

  const chainOf = (ids: readonly EventId[]): EventId[] => {
    const found = new Set<EventId>();
    const left = ids.flatMap((id) => events.get(id)?.parsed.event.authEvents ?? []);
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      if (found.has(id)) continue;
      found.add(id);
      left.push(...(events.get(id)?.parsed.event.authEvents ?? []));
    }
    return [...found];
  };

  const stateBefore = (eventId: EventId): EventId[] => {
    const state = new Map<string, EventId>();
    let id = events.get(eventId)?.parsed.event.prevEvents[0];
    while (id !== undefined) {
      const event: RemoteEvent | undefined = events.get(id);
      const { type, stateKey } = event?.parsed.event ?? {};
      const key = `${type} ${stateKey}`;
      if (stateKey !== undefined && !state.has(key)) state.set(key, id);
      id = event?.parsed.event.prevEvents[0];
    }
    return [...state.values()];
  };

  const missing = (body: string): [number, JsonObject] => {
    const asked = JSON.parse(body) as { latest_events: EventId[]; earliest_events: EventId[]; limit: number };
    const ids = between(asked.latest_events, new Set(asked.earliest_events), Math.min(asked.limit, 20));
    return [200, { events: wires(ids) }];
  };

  const room: RemoteRoom = {
    roomId,
    version,
    events,
    authEvents: [],
    latest: [],
    depth: 0,
    withheld,
    make({ type = 'm.room.message', content = {}, ...event } = {}) {
      room.depth = event.depth ?? room.depth + 1;
      const built = buildEvent(
        {
          roomId,
          type,
          stateKey: event.stateKey,
          sender: event.sender ?? userOf(server.name),
          content,
          originServerTs: event.originServerTs ?? 1_700_000_000_000 + room.depth,
          depth: room.depth,
          prevEvents: (event.prevEvents ?? room.latest).map((eventId) => ({ eventId })),
          authEvents: (event.authEvents ?? room.authEvents).map((eventId) => ({ eventId })),
          redacts: undefined,
        },
        version,
        { name: server.name, key: server.key },
      );
      const made = add(JSON.parse(built.pduJson) as JsonObject);
      room.latest = [made.eventId];
      return made;
    },
    add,
    stateBefore,
    answer(url, body) {
      const { pathname, searchParams } = new URL(url, 'https://peer.test');
      const [, kind = '', ...rest] =
        /^\/_matrix\/federation\/v1\/([a-z_]+)\/([^/]+)(?:\/([^/]+))?$/.exec(pathname) ?? [];
      const [first, second] = [0, 1].map((at) => decodeURIComponent(rest[at] ?? '') as EventId) as [EventId, EventId];
      const at = (searchParams.get('event_id') ?? '') as EventId;
      if (kind === 'event') return given(first) && [200, { pdus: wires([first]) }];
      if ((first as string) !== roomId) return undefined;
      if (kind === 'get_missing_events') return missing(body);
      if (kind === 'event_auth') return [200, { auth_chain: wires(chainOf([second])) }];
      const state = stateBefore(at);
      if (kind === 'state_ids') return [200, { pdu_ids: state, auth_chain_ids: chainOf(state) }];
      if (kind === 'state') return [200, { pdus: wires(state), auth_chain: wires(chainOf(state)) }];
      return undefined;
    },
  };
  return room;
};

/** Asks one of several rooms; what none of them knows is answered by `otherwise`. */
export const answerForRooms =
  (rooms: readonly RemoteRoom[], otherwise: PeerHandler): PeerHandler =>
  (request, response) => {
    for (const room of rooms) {
      const answer = room.answer(request.url, request.body);
      if (answer) return answer;
    }
    return otherwise(request, response);
  };
