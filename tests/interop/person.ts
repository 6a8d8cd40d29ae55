// A user of one server who always syncs, as people's clients do, and remembers all that they were told.

import { type AnyJson, register, type TestClient } from '../harness/client.ts';
import { until } from '../harness/until.ts';
import type { Homeserver } from './servers/homeserver.ts';

const TIMELINE_LIMIT = 100;
const POLL_MS = 20_000;
/** How long anything may take to get from one server to another, on a machine under load. */
export const PATIENCE_MS = 60_000;

export interface SeenRoom {
  membership: 'join' | 'invite' | 'knock' | 'leave';
  /** Every event of the timeline, in the order told. */
  readonly timeline: AnyJson[];
  /** `type|state_key` → event. */
  readonly state: Map<string, AnyJson>;
  /** Of an invite or a knock. */
  stripped: AnyJson[];
  typing: string[];
  /** User → event id of the last m.read receipt. */
  readonly receipts: Map<string, string>;
}

export interface Person extends AsyncDisposable {
  readonly server: Homeserver;
  readonly client: TestClient;
  readonly userId: string;
  readonly rooms: ReadonlyMap<string, SeenRoom>;
  /** User → content of the last m.presence. */
  readonly presence: ReadonlyMap<string, AnyJson>;
  readonly toDevice: readonly AnyJson[];
  /** Users whose device lists changed, each time it was told. */
  readonly changedDevices: string[];
  readonly leftDevices: string[];
  /** Resolves with the first thing found in the room, once there is one. */
  sees<T>(what: string, roomId: string, look: (room: SeenRoom) => T | undefined | null | false): Promise<T>;
  /** Resolves with the event once it stands in the timeline. */
  gets(roomId: string, eventId: string): Promise<AnyJson>;
  /** Resolves once the person's own view is that `userId` has this membership. */
  seesMember(roomId: string, userId: string, membership: string): Promise<AnyJson>;
  is(roomId: string, membership: SeenRoom['membership']): Promise<SeenRoom>;
}

const newRoom = (): SeenRoom => ({
  membership: 'join',
  timeline: [],
  state: new Map(),
  stripped: [],
  typing: [],
  receipts: new Map(),
});

const takeEphemeral = (room: SeenRoom, events: readonly AnyJson[]): void => {
  for (const { type, content } of events) {
    if (type === 'm.typing') room.typing = content.user_ids;
    if (type !== 'm.receipt') continue;
    for (const [eventId, receipts] of Object.entries<AnyJson>(content)) {
      for (const userId of Object.keys(receipts['m.read'] ?? {})) room.receipts.set(userId, eventId);
    }
  }
};

const takeRoom = (room: SeenRoom, told: AnyJson): void => {
  room.stripped = told.invite_state?.events ?? told.knock_state?.events ?? [];
  const timeline: AnyJson[] = told.timeline?.events ?? [];
  const stateEvents = [...(told.state?.events ?? []), ...timeline.filter((event) => event.state_key !== undefined)];
  for (const event of stateEvents) room.state.set(`${event.type}|${event.state_key}`, event);
  room.timeline.push(...timeline);
  takeEphemeral(room, told.ephemeral?.events ?? []);
};

let people = 0;

/** A new user of `server`, named after `name`. */
export const newPerson = async (server: Homeserver, name: string): Promise<Person> => {
  const username = `${name}-${++people}`;
  const client = await register(server.baseUrl, username, `${username}-pass`, server.kind === 'synapse');
  const rooms = new Map<string, SeenRoom>();
  const presence = new Map<string, AnyJson>();
  const toDevice: AnyJson[] = [];
  const changedDevices: string[] = [];
  const leftDevices: string[] = [];
  const ending = new AbortController();
  let failure = '';

  const take = (answer: AnyJson): void => {
    for (const membership of ['join', 'invite', 'knock', 'leave'] as const) {
      for (const [roomId, told] of Object.entries<AnyJson>(answer.rooms?.[membership] ?? {})) {
        const room = rooms.get(roomId) ?? newRoom();
        rooms.set(roomId, room);
        room.membership = membership;
        takeRoom(room, told);
      }
    }
    for (const { sender, content } of answer.presence?.events ?? []) presence.set(sender, content);
    toDevice.push(...(answer.to_device?.events ?? []));
    changedDevices.push(...(answer.device_lists?.changed ?? []));
    leftDevices.push(...(answer.device_lists?.left ?? []));
  };

  const filter = JSON.stringify({ room: { timeline: { limit: TIMELINE_LIMIT } } });
  const follow = async (): Promise<void> => {
    let since: string | undefined;
    while (!ending.signal.aborted) {
      const timeout = since === undefined ? 0 : POLL_MS;
      // Who is there is told in the journey of small signs only: it wakes everybody in every room.
      const query = { filter, timeout, set_presence: 'offline', ...(since !== undefined && { since }) };
      try {
        const answer = await client.ok(client.get('/_matrix/client/v3/sync', { query, signal: ending.signal }));
        take(answer);
        since = answer.next_batch;
      } catch (error) {
        if (ending.signal.aborted) return;
        failure = `; its last sync failed: ${(error as Error).message}`;
        // The server may be away: that is part of some journeys.
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  };
  const following = follow();

  const patient = async <T>(what: string, look: () => T | undefined | null | false): Promise<T> => {
    try {
      return await until(`${what} for ${client.userId} (${server.kind})`, look, PATIENCE_MS);
    } catch (error) {
      throw new Error(`${(error as Error).message}${failure}`);
    }
  };

  const person: Person = {
    server,
    client,
    userId: client.userId,
    rooms,
    presence,
    toDevice,
    changedDevices,
    leftDevices,
    sees: (what, roomId, look) =>
      patient(what, () => {
        const room = rooms.get(roomId);
        return room && look(room);
      }),
    gets: (roomId, eventId) =>
      person.sees(`event ${eventId}`, roomId, ({ timeline }) => timeline.find((event) => event.event_id === eventId)),
    seesMember: (roomId, userId, membership) =>
      person.sees(`${membership} of ${userId}`, roomId, ({ state }) => {
        const event = state.get(`m.room.member|${userId}`);
        return event?.content.membership === membership && event;
      }),
    is: (roomId, membership) =>
      person.sees(`${membership} in ${roomId}`, roomId, (room) => room.membership === membership && room),
    async [Symbol.asyncDispose]() {
      ending.abort();
      await following;
    },
  };
  return person;
};
