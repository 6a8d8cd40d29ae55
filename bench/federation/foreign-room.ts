// A room that other servers made: its events, signed, with the state along each branch of its history.

import { authEventKeys } from '../../src/protocol/auth-rules/auth-event-keys.ts';
import { buildEvent } from '../../src/protocol/events/build-event.ts';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import { parsePdu } from '../../src/protocol/events/parse-pdu.ts';
import type { RoomEvent } from '../../src/protocol/events/room-event.ts';
import type { EventId, RoomId, ServerName, UserId } from '../../src/protocol/ids/branded.ts';
import { serverOf } from '../../src/protocol/ids/id-parts.ts';
import { roomVersion } from '../../src/protocol/room-versions/room-versions.ts';
import { type StateKey, stateKeyOf } from '../../src/protocol/state-resolution/state-key.ts';
import { benchKey } from './bench-key.ts';

export const ROOM_VERSION = '11';
export const version = roomVersion(ROOM_VERSION)!;

export interface ForeignEvent {
  readonly event: RoomEvent;
  /** Canonical JSON, as it goes over the wire. */
  readonly pduJson: string;
}

export interface EventToMake {
  readonly type: string;
  readonly stateKey?: string;
  readonly sender: UserId;
  readonly content: JsonObject;
}

/** One line of the room's history; what is made on it follows what was made on it before. */
export interface Branch {
  readonly tips: readonly EventId[];
  readonly state: ReadonlyMap<StateKey, EventId>;
  make(event: EventToMake): ForeignEvent;
  say(sender: UserId, body: string): ForeignEvent;
  member(user: UserId, membership: string, by?: UserId): ForeignEvent;
  /** Takes up an event that another server made on it. */
  add(pdu: JsonObject): ForeignEvent;
  /** What `make` refers to, for others who make an event here. */
  references(event: Omit<EventToMake, 'stateKey'> & { stateKey: string }): {
    readonly prevEvents: readonly EventId[];
    readonly authEvents: readonly EventId[];
    readonly depth: number;
  };
  fork(): Branch;
}

let roomCount = 0;

export class ForeignRoom {
  readonly roomId: RoomId;
  readonly creator: UserId;
  readonly events = new Map<EventId, ForeignEvent>();
  /** What who joins or asks from outside is given. May be replaced when branches meet. */
  main: Branch;
  #now = Date.now() - 30 * 24 * 3_600_000;

  /** A public room as `/createRoom` of its creator makes one. */
  constructor(creator: UserId, powerLevels: JsonObject = {}) {
    this.creator = creator;
    this.roomId = `!bench${++roomCount}:${serverOf(creator)}` as RoomId;
    this.main = this.#branch([], new Map(), 0);
    const state = (type: string, content: JsonObject) =>
      this.main.make({ type, stateKey: '', sender: creator, content });
    state('m.room.create', { room_version: ROOM_VERSION });
    this.main.member(creator, 'join');
    state('m.room.power_levels', { users: { [creator]: 100 }, ...powerLevels });
    state('m.room.join_rules', { join_rule: 'public' });
    state('m.room.history_visibility', { history_visibility: 'shared' });
  }

  /** The branch after events of several branches, with the state that they were resolved to. */
  meet(branches: readonly Branch[], state: ReadonlyMap<StateKey, EventId>): Branch {
    const tips = branches.flatMap((branch) => branch.tips);
    return this.#branch(tips, new Map(state), Math.max(...tips.map((id) => this.events.get(id)!.event.depth)));
  }

  #branch(startTips: readonly EventId[], state: Map<StateKey, EventId>, startDepth: number): Branch {
    let tips = startTips;
    let depth = startDepth;
    const append = (made: ForeignEvent): ForeignEvent => {
      const { eventId, type, stateKey } = made.event;
      this.events.set(eventId, made);
      tips = [eventId];
      depth = made.event.depth;
      if (stateKey !== undefined) state.set(stateKeyOf(type, stateKey), eventId);
      return made;
    };
    const authOf = (event: EventToMake): EventId[] =>
      authEventKeys({ ...event, stateKey: event.stateKey }, version).flatMap(
        ([type, stateKey]) => state.get(stateKeyOf(type, stateKey)) ?? [],
      );
    const branch: Branch = {
      get tips() {
        return tips;
      },
      state,
      make: (event) => append(this.#build(event, tips, authOf(event), depth + 1)),
      say: (sender, body) => branch.make({ type: 'm.room.message', sender, content: { msgtype: 'm.text', body } }),
      member: (user, membership, sender = user) =>
        branch.make({ type: 'm.room.member', stateKey: user, sender, content: { membership } }),
      add(pdu) {
        const { event, pduJson } = parsePdu(pdu, version);
        return append({ event, pduJson });
      },
      references: (event) => ({ prevEvents: tips, authEvents: authOf(event), depth: depth + 1 }),
      fork: () => this.#branch(tips, new Map(state), depth),
    };
    return branch;
  }

  #build(event: EventToMake, prevs: readonly EventId[], auth: readonly EventId[], depth: number): ForeignEvent {
    const reference = (eventId: EventId) => ({ eventId });
    this.#now += 1;
    const { event: built, pduJson } = buildEvent(
      {
        ...event,
        roomId: this.roomId,
        stateKey: event.stateKey,
        originServerTs: this.#now,
        depth,
        prevEvents: prevs.map(reference),
        authEvents: auth.map(reference),
        redacts: undefined,
      },
      version,
      { name: serverOf(event.sender) as ServerName, key: benchKey },
    );
    return { event: built, pduJson };
  }
}
