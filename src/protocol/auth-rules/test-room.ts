// A small room for the tests of authorisation and state resolution: events made of short names, with chosen ids.

import type { JsonObject } from '../events/json.ts';
import type { RoomEvent } from '../events/room-event.ts';
import type { EventId, RoomId, UserId } from '../ids/branded.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import type { AuthFacts } from './auth-facts.ts';

/** "alice" → "@alice:a.test"; a name with a colon keeps its server. */
export const user = (name: string): UserId => `@${name}${name.includes(':') ? '' : ':a.test'}` as UserId;
export const eventId = (name: string): EventId => `$${name}` as EventId;

export interface EventSketch {
  readonly id?: string;
  readonly type: string;
  readonly sender: string;
  readonly stateKey?: string;
  readonly content?: JsonObject;
  readonly prev?: readonly string[];
  readonly auth?: readonly string[];
  readonly ts?: number;
  readonly depth?: number;
  readonly redacts?: string;
  readonly roomId?: string;
}

/** The event a sketch means in a room of this version whose create event is called "create". */
export function sketched(version: RoomVersion, sketch: EventSketch): RoomEvent {
  const roomId = sketch.roomId ?? (version.roomIdIsCreateHash ? '!create' : '!room:a.test');
  return {
    eventId: eventId(sketch.id ?? 'event:a.test'),
    roomId: roomId as RoomId,
    type: sketch.type,
    stateKey: sketch.stateKey,
    sender: user(sketch.sender),
    content: sketch.content ?? {},
    originServerTs: sketch.ts ?? 1000,
    depth: sketch.depth ?? 10,
    prevEvents: (sketch.prev ?? ['before']).map(eventId),
    authEvents: (sketch.auth ?? []).map(eventId),
    redacts: sketch.redacts === undefined ? undefined : eventId(sketch.redacts),
  };
}

export const member = (who: string, membership: string, more: Partial<EventSketch> = {}): EventSketch => ({
  id: `${who}-${membership}`,
  type: 'm.room.member',
  sender: who,
  stateKey: user(who),
  content: { membership },
  ...more,
});

export interface RoomSketch {
  readonly create?: JsonObject;
  /** null: the room has no power levels event. */
  readonly powerLevels?: JsonObject | null;
  readonly joinRule?: string;
  /** name → membership, besides alice, bob and carol, who are joined. */
  readonly members?: Readonly<Record<string, string>>;
  readonly more?: readonly EventSketch[];
}

/** Alice created the room (level 100, or Infinity), bob is a moderator (50), carol is joined (0). */
export function roomState(version: RoomVersion, room: RoomSketch = {}): RoomEvent[] {
  const creator: JsonObject = version.creatorInContent ? { creator: user('alice') } : {};
  const sketches: EventSketch[] = [
    {
      id: 'create',
      type: 'm.room.create',
      sender: 'alice',
      stateKey: '',
      content: { ...creator, room_version: version.id, ...room.create },
      prev: [],
    },
    {
      id: 'jr',
      type: 'm.room.join_rules',
      sender: 'alice',
      stateKey: '',
      content: { join_rule: room.joinRule ?? 'invite' },
    },
    ...Object.entries({ alice: 'join', bob: 'join', carol: 'join', ...room.members }).map(([name, membership]) =>
      member(name, membership),
    ),
    ...(room.more ?? []),
  ];
  const admins: JsonObject = version.privilegedCreators ? {} : { [user('alice')]: 100 };
  if (room.powerLevels !== null) {
    const content = { users: { ...admins, [user('bob')]: 50 }, ...room.powerLevels };
    sketches.push({ id: 'pl', type: 'm.room.power_levels', sender: 'alice', stateKey: '', content });
  }
  return sketches.map((sketch) => sketched(version, sketch));
}

export function factsOf(state: readonly RoomEvent[], signed = true): AuthFacts {
  return {
    state: (type, stateKey) => state.findLast((event) => event.type === type && event.stateKey === stateKey),
    signedBy: () => signed,
  };
}
