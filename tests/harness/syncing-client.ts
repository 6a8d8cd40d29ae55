// A client that believes what /sync tells it, fills gaps by /messages, and complains of anything it is told twice.

import type { JsonObject } from '../../src/protocol/events/json.ts';
import type { RoomId } from '../../src/protocol/ids/branded.ts';
import { parsePositionToken } from '../../src/rooms/read/position-token.ts';
import type { AnyJson } from './client.ts';
import type { SyncingPerson, TestSync } from './sync.ts';

export interface ClientKind {
  readonly lazy: boolean;
  readonly stateAfter: boolean;
}

export interface ClientRoom {
  membership: 'join' | 'leave' | 'invite';
  /** Event ids in order; after a leave without one's own member events. */
  readonly timeline: string[];
  /** `type state_key` → event id. */
  readonly state: Map<string, string>;
  readonly senders: Set<string>;
  /** What was told of the room last was told up to here. */
  upTo: string;
}

export class SyncingClient {
  readonly person: SyncingPerson;
  readonly kind: ClientKind;
  readonly rooms = new Map<string, ClientRoom>();
  readonly #server: TestSync;
  #since: string | undefined;

  constructor(server: TestSync, person: SyncingPerson, kind: ClientKind) {
    this.#server = server;
    this.person = person;
    this.kind = kind;
  }

  /** `limit`: of the timeline. */
  async sync(limit: number, fullState = false): Promise<void> {
    const room = { timeline: { limit }, state: { lazy_load_members: this.kind.lazy } };
    const answer = await this.#server.ask(this.person, {
      ...(this.#since !== undefined && { since: this.#since }),
      filter: { room },
      stateAfter: this.kind.stateAfter,
      fullState,
    });
    for (const membership of ['join', 'leave'] as const) {
      for (const [roomId, told] of Object.entries<AnyJson>(answer.rooms?.[membership] ?? {})) {
        await this.#take(roomId, membership, told, answer.next_batch);
      }
    }
    for (const roomId of Object.keys(answer.rooms?.invite ?? {})) {
      const room = this.rooms.get(roomId);
      if (room) room.membership = 'invite';
    }
    this.#since = answer.next_batch;
  }

  async #take(roomId: string, membership: 'join' | 'leave', told: AnyJson, token: string): Promise<void> {
    const known = this.rooms.get(roomId);
    // That an invite is over, say: the client was not in the room, and the event may come again with a later join.
    if (membership === 'leave' && known?.membership !== 'join' && !told.timeline.limited) return;
    const room = known ?? newRoom();
    this.rooms.set(roomId, room);
    const events: AnyJson[] = told.timeline?.events ?? [];
    const gap = told.timeline?.limited ? await this.#gap(roomId, told.timeline.prev_batch, room.upTo) : [];
    for (const event of [...gap, ...events]) {
      if (room.timeline.includes(event.event_id)) throw new Error(`${event.event_id} was told twice`);
      room.timeline.push(event.event_id);
      room.senders.add(event.sender);
    }
    const stateEvents: AnyJson[] = this.kind.stateAfter
      ? told.state_after.events
      : [...(told.state?.events ?? []), ...events.filter((event) => event.state_key !== undefined)];
    for (const event of stateEvents) room.state.set(`${event.type} ${event.state_key}`, event.event_id);
    room.membership = membership;
    room.upTo = token;
  }

  async #gap(roomId: string, from: string, to: string): Promise<AnyJson[]> {
    const events: AnyJson[] = [];
    let cursor: string | undefined = from;
    while (cursor !== undefined) {
      const question = {
        from: parsePositionToken(cursor),
        to: to === '' ? undefined : parsePositionToken(to),
        backwards: true,
        limit: 3,
        filter: undefined,
      };
      const page = await this.#server.reads.messages(roomId as RoomId, question, this.person.viewer);
      events.push(...page.chunk.map((text) => JSON.parse(text) as JsonObject));
      cursor = page.end;
    }
    return events.reverse();
  }
}

const newRoom = (): ClientRoom => ({
  membership: 'join',
  timeline: [],
  state: new Map(),
  senders: new Set(),
  upTo: '',
});
