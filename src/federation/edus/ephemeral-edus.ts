// Tells other servers who types, reads and is present here, as it happens; what they miss they miss.
// Server-Server API, "Typing Notifications", "Presence", "Receipts".

import type { Ephemeral } from '../../ephemeral/ephemeral.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { slicesOf } from '../../lib/slices-of.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { RoomId, ServerName, UserId } from '../../protocol/ids/branded.ts';
import { serverOf } from '../../protocol/ids/id-parts.ts';
import type { Database } from '../../storage/database.ts';
import { joinedRooms } from '../../storage/stores/memberships.ts';
import { userIdsOf } from '../../storage/stores/names.ts';
import { membersAmong } from '../../storage/stores/presence.ts';
import type { Stream } from '../../stream/stream.ts';
import type { EphemeralEdu, EphemeralListener } from './outgoing.ts';

export interface EphemeralEdusDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly stream: Stream;
  readonly serverName: ServerName;
  readonly ephemeral: Pick<Ephemeral, 'typing' | 'receipts' | 'presence'>;
  /** Servers with joined users in the room, but this one. */
  readonly serversIn: (roomId: RoomId) => Promise<ReadonlySet<ServerName>>;
}

/** Receipts and presence of this time are told together. */
const GATHER_MS = 300;
const RECEIPTS_AT_ONCE = 500;
/** Users in one m.presence. */
const PRESENCES_AT_ONCE = 50;
/** Users whose presence waits to be told; beyond it they are told of at the next change. */
const USERS_MAX = 5_000;
/** Users of whose presence a new neighbour is told at once; of others it hears when something changes. */
const INTRODUCED_MAX = 500;
/** Other servers take users of whom they hear nothing for half an hour to be offline. */
const REPEAT_MS = 25 * 60_000;

interface Said {
  readonly user: number;
  readonly userId: UserId;
  /** One entry of m.presence. */
  readonly content: JsonObject;
}

export class EphemeralEdus implements AsyncDisposable {
  readonly #deps: EphemeralEdusDeps;
  readonly #listeners: EphemeralListener[] = [];
  readonly #present = new Set<number>();
  #receiptsUpTo: number;
  #gathering: Timer | undefined;
  #repeat: Timer | undefined;
  #running: Promise<void> | undefined;
  #hasReceipts = false;
  #isEnding = false;

  constructor(deps: EphemeralEdusDeps) {
    this.#deps = deps;
    this.#receiptsUpTo = deps.stream.head;
  }

  onEphemeral(listener: EphemeralListener): void {
    this.#listeners.push(listener);
  }

  start(): void {
    const { typing, receipts, presence } = this.#deps.ephemeral;
    this.#receiptsUpTo = this.#deps.stream.head;
    typing.onLocalChange(({ roomId, userId, isTyping }) => {
      const content = { room_id: roomId, user_id: userId, typing: isTyping };
      void this.#tellRoom(roomId, { edu: { edu_type: 'm.typing', content }, key: `typing ${roomId} ${userId}` });
    });
    receipts.onRead(() => {
      this.#hasReceipts = true;
      this.#gather();
    });
    presence.onChange((users) => this.#notePresent(users));
    this.#repeatSoon();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    this.#gathering?.cancel();
    this.#repeat?.cancel();
    await this.#running;
  }

  #notePresent(users: readonly number[]): void {
    for (const user of users) if (this.#present.size < USERS_MAX) this.#present.add(user);
    this.#gather();
  }

  #repeatSoon(): void {
    this.#repeat = this.#deps.clock.after(REPEAT_MS, () => {
      this.#notePresent(this.#deps.ephemeral.presence.presentUsers());
      if (!this.#isEnding) this.#repeatSoon();
    });
  }

  #gather(): void {
    if (this.#gathering || this.#isEnding || this.#listeners.length === 0) return;
    this.#gathering = this.#deps.clock.after(GATHER_MS, () => {
      this.#running = this.#tellGathered()
        .catch((err: unknown) => this.#deps.log.warn({ err }, 'Receipts or presence were not told to other servers.'))
        .finally(() => {
          this.#gathering = undefined;
          if (this.#hasReceipts || this.#present.size > 0) this.#gather();
        });
    });
  }

  async #tellGathered(): Promise<void> {
    const users = [...this.#present];
    this.#present.clear();
    if (this.#hasReceipts) {
      this.#hasReceipts = false;
      await this.#tellReceipts();
    }
    if (users.length > 0) await this.#tellPresence(users);
  }

  async #tellReceipts(): Promise<void> {
    const { db, stream, ephemeral } = this.#deps;
    const { head } = stream;
    const found = await db.read((tx) =>
      ephemeral.receipts.publicReceiptsSince(tx, this.#receiptsUpTo, head, RECEIPTS_AT_ONCE),
    );
    const isAll = found.length < RECEIPTS_AT_ONCE;
    this.#receiptsUpTo = isAll ? head : found.at(-1)!.position;
    if (!isAll) this.#hasReceipts = true;
    for (const { roomId, userId, eventId, threadId, ts } of found) {
      const data = { ts, ...(threadId !== undefined && { thread_id: threadId }) };
      const content = { [roomId]: { 'm.read': { [userId]: { event_ids: [eventId], data } } } };
      const key = `receipt ${roomId} ${userId} ${threadId ?? ''}`;
      await this.#tellRoom(roomId, { edu: { edu_type: 'm.receipt', content }, key });
    }
  }

  /** A server that shares a room with us since now is told who of its members here is present. */
  async introducePresent(server: ServerName, room: number): Promise<void> {
    const { db, ephemeral } = this.#deps;
    const present = ephemeral.presence.presentUsers();
    if (present.length === 0) return;
    const members = await db.read((tx) => membersAmong(tx, [room], present));
    const said = (await this.#ownPresences([...members])).slice(0, INTRODUCED_MAX);
    this.#tellPresences(server, said);
  }

  async #tellPresence(users: readonly number[]): Promise<void> {
    const byServer = new Map<ServerName, Said[]>();
    for (const said of await this.#ownPresences(users)) {
      const rooms = await this.#deps.db.read((tx) => joinedRooms(tx, said.user));
      for (const server of await this.#serversOf(rooms)) {
        const list = byServer.get(server);
        if (list) list.push(said);
        else byServer.set(server, [said]);
      }
    }
    for (const [server, list] of byServer) this.#tellPresences(server, list);
  }

  /** Of those of the users who are this server's. */
  async #ownPresences(users: readonly number[]): Promise<Said[]> {
    const { db, serverName, ephemeral } = this.#deps;
    const found: Said[] = [];
    for (const user of users) {
      const [userId] = await db.read((tx) => userIdsOf(tx, [user]));
      if (!userId || serverOf(userId) !== serverName) continue;
      const content = ephemeral.presence.contentOf(user);
      if (content) found.push({ user, userId, content: { last_active_ago: 0, ...content, user_id: userId } });
    }
    return found;
  }

  #tellPresences(server: ServerName, list: readonly Said[]): void {
    for (const some of slicesOf(list, PRESENCES_AT_ONCE)) {
      const edu = { edu_type: 'm.presence', content: { push: some.map(({ content }) => content) } };
      this.#tell({ edu, key: `presence ${some.map(({ userId }) => userId).join(' ')}` }, [server]);
    }
  }

  async #serversOf(rooms: readonly RoomId[]): Promise<Set<ServerName>> {
    const servers = new Set<ServerName>();
    for (const room of rooms) for (const server of await this.#deps.serversIn(room)) servers.add(server);
    return servers;
  }

  async #tellRoom(roomId: RoomId, edu: EphemeralEdu): Promise<void> {
    try {
      this.#tell(edu, [...(await this.#deps.serversIn(roomId))]);
    } catch (err) {
      this.#deps.log.warn({ err, roomId }, 'Other servers were not told who reads or types.');
    }
  }

  #tell(edu: EphemeralEdu, destinations: readonly ServerName[]): void {
    if (destinations.length === 0 || this.#isEnding) return;
    for (const listener of this.#listeners) listener(edu, destinations);
  }
}
