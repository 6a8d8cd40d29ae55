// Events of other servers' users, signed, with prev and auth events as the test wants them: for tests of what receives them.

import { authEventKeys } from '../../src/protocol/auth-rules/auth-event-keys.ts';
import { buildEvent } from '../../src/protocol/events/build-event.ts';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import { parsePdu } from '../../src/protocol/events/parse-pdu.ts';
import type { EventId, RoomId, ServerName, UserId } from '../../src/protocol/ids/branded.ts';
import { serverOf } from '../../src/protocol/ids/id-parts.ts';
import type { RoomVersion, RoomVersionId } from '../../src/protocol/room-versions/room-version.ts';
import { roomVersion } from '../../src/protocol/room-versions/room-versions.ts';
import { signingKeyFromSeed } from '../../src/protocol/signing/signing-key.ts';
import type { IncomingEvent, JoinedRoom } from '../../src/rooms/receive/incoming.ts';

export interface ForeignEvent {
  readonly type: string;
  readonly sender: string;
  readonly content?: JsonObject;
  /** Left out: not a state event. */
  readonly stateKey?: string;
  /** Default: the events that nothing follows. */
  readonly prev?: readonly EventId[];
  /** Default: what the state after the prev events has of what the selection names; the last of them wins. */
  readonly auth?: readonly EventId[];
  readonly depth?: number;
  /** Default: one more than that of the event made before. */
  readonly originServerTs?: number;
  readonly redacts?: EventId;
}

type StateMap = ReadonlyMap<string, EventId>;
const keyOf = (type: string, stateKey: string): string => `${type}\n${stateKey}`;

/** The same key for every server and test; that of openTestRooms as well. */
export const testSigningKey = signingKeyFromSeed('ed25519:test', Buffer.alloc(32, 7).toString('base64'));

export interface ForeignRoomOptions {
  readonly version?: RoomVersionId;
  readonly creator?: string;
  /** Part of its ids, where several rooms of one server are needed. */
  readonly name?: string;
}

export const createForeignRoom = (options: ForeignRoomOptions = {}) => {
  const { creator = '@bob:elsewhere.example', name = '' } = options;
  const version: RoomVersion = roomVersion(options.version ?? '11')!;
  const events = new Map<EventId, IncomingEvent>();
  const states = new Map<EventId, StateMap>();
  const hashes = new Map<EventId, string>();
  let tips: EventId[] = [];
  let roomId = `!room${name}:${serverOf(creator as UserId)}` as RoomId;
  let now = 1_700_000_000_000;
  let count = 0;

  const stateAfter = (prev: readonly EventId[]): StateMap =>
    new Map(prev.flatMap((id) => [...(states.get(id) ?? new Map<string, EventId>())]));

  /** Made, but in no history: its id may be used all the same. */
  const make = (given: ForeignEvent): IncomingEvent => {
    const sender = given.sender as UserId;
    const server = serverOf(sender) as ServerName;
    const { type, stateKey, content = {}, prev = tips } = given;
    const before = stateAfter(prev);
    const selected = authEventKeys({ type, stateKey, sender, content }, version);
    const auth = given.auth ?? selected.flatMap(([one, key]) => before.get(keyOf(one, key)) ?? []);
    const reference = (eventId: EventId) => ({ eventId, hash: hashes.get(eventId) ?? 'a'.repeat(43) });
    now += 1;
    count += 1;
    const depths = prev.map((id) => events.get(id)?.event.depth ?? 0);
    const built = buildEvent(
      {
        roomId,
        type,
        stateKey,
        sender,
        content,
        originServerTs: given.originServerTs ?? now,
        depth: given.depth ?? Math.max(0, ...depths) + 1,
        prevEvents: prev.map(reference),
        authEvents: auth.map(reference),
        redacts: given.redacts,
        chosenEventId: version.eventIdFormat === 'chosen' ? (`$event${count}${name}:${server}` as EventId) : undefined,
      },
      version,
      { name: server, key: testSigningKey },
    );
    const { eventId } = built.event;
    hashes.set(eventId, built.referenceHash);
    const incoming = { ...parsePdu(built.pduJson, version, { limitReferences: false }), source: server };
    events.set(eventId, incoming);
    states.set(eventId, stateKey === undefined ? before : new Map([...before, [keyOf(type, stateKey), eventId]]));
    return incoming;
  };

  const add = (given: ForeignEvent): IncomingEvent => {
    const incoming = make(given);
    const { prevEvents, eventId } = incoming.event;
    tips = [...tips.filter((id) => !prevEvents.includes(id)), eventId];
    return incoming;
  };

  const isOld = Number(version.id) < 11;
  const create = add({
    type: 'm.room.create',
    stateKey: '',
    sender: creator,
    content: { room_version: version.id, ...(isOld && { creator }), ...(name !== '' && { 'example.name': name }) },
    prev: [],
  });
  ({ roomId } = create.event);
  const member = (user: string, membership: string, by = user, more: Partial<ForeignEvent> = {}): IncomingEvent =>
    add({ type: 'm.room.member', stateKey: user, sender: by, content: { membership }, ...more });
  member(creator, 'join');
  const levels: JsonObject = version.privilegedCreators ? {} : { users: { [creator]: 100 } };
  add({ type: 'm.room.power_levels', stateKey: '', sender: creator, content: levels });
  add({ type: 'm.room.join_rules', stateKey: '', sender: creator, content: { join_rule: 'public' } });

  /** Everything that an event stands upon by its auth events, without itself. */
  const authChain = (starts: readonly IncomingEvent[]): IncomingEvent[] => {
    const chain = new Map<EventId, IncomingEvent>();
    const pending = starts.flatMap(({ event }) => event.authEvents);
    for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
      const one = events.get(id);
      if (!one || chain.has(id)) continue;
      chain.set(id, one);
      pending.push(...one.event.authEvents);
    }
    return [...chain.values()];
  };

  return {
    get roomId() {
      return roomId;
    },
    version,
    creator,
    events,
    /** What nothing follows. */
    get tips(): readonly EventId[] {
      return tips;
    },
    make,
    add,
    member,
    authChain,
    say: (sender: string, body: string, more: Partial<ForeignEvent> = {}): IncomingEvent =>
      add({ type: 'm.room.message', sender, content: { msgtype: 'm.text', body }, ...more }),
    /** The state after an event, as this builder sees it: of events that were forked, the last one wins. */
    stateEvents: (eventId: EventId): IncomingEvent[] => [...states.get(eventId)!.values()].map((id) => events.get(id)!),
    /** What a resident server answers to the join of a user. */
    joinOf(user: string, membershipBefore = tips): JoinedRoom {
      const state = [...stateAfter(membershipBefore).values()].map((id) => events.get(id)!);
      const join = member(user, 'join', user, { prev: membershipBefore });
      return { roomId, version, join, state, authChain: authChain([...state, join]), isPartial: false };
    },
  };
};

export type ForeignRoom = ReturnType<typeof createForeignRoom>;
