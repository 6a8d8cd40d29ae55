// Follows who comes into rooms and goes: introduces our users' devices to servers that share a room with them since now, and
// forgets the device lists of users with whom none is shared any more. A consumer of the stream: stopped anywhere, it goes on there.
// Server-Server API, "Device Management".

import type { Clock, Timer } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { LruCache } from '../../lib/lru-cache.ts';
import type { RoomId, ServerName } from '../../protocol/ids/branded.ts';
import { serverOf } from '../../protocol/ids/id-parts.ts';
import type { Database } from '../../storage/database.ts';
import { joinedRooms } from '../../storage/stores/memberships.ts';
import {
  introduceDevices,
  type OthersJoin,
  type OwnJoin,
  othersJoins,
  ownJoins,
} from '../../storage/stores/outgoing-edus.ts';
import { endFollowing, reviewFollowedLists } from '../../storage/stores/remote-device-lists.ts';
import { roomIdsOf } from '../../storage/stores/rooms.ts';
import { moveStreamCursor, streamCursor } from '../../storage/stores/stream-cursors.ts';
import type { Stream } from '../../stream/stream.ts';
import type { RemoteDevices } from './remote-keys/remote-devices.ts';

export interface NeighbourWatchDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly stream: Stream;
  readonly serversIn: (roomId: RoomId) => Promise<ReadonlySet<ServerName>>;
  readonly remoteDevices: Pick<RemoteDevices, 'resync'>;
  /** Called with servers of users who came into a room of ours; several times for one server, if seldom. */
  readonly onNeighbour: (server: ServerName, room: number) => Promise<void>;
}

const NAME = 'neighbours';
const JOINS_AT_ONCE = 200;
/** Changes within this time are looked at together. */
const GATHER_MS = 30;
const RETRY_MS = 5_000;
/** After so many positions the cursor is stored, if nothing else was to be done. */
const UNSTORED_MAX = 10_000;
/** Users of other servers who came at once; of a room that we joined there may be thousands. */
const OTHERS_AT_ONCE = 500;
/** A server and a room are not told of again for so long. */
const KNOWN_MS = 30 * 60_000;
const KNOWN_MAX = 10_000;

export class NeighbourWatch implements AsyncDisposable {
  readonly #deps: NeighbourWatchDeps;
  readonly #told = new LruCache<string, number>(KNOWN_MAX);
  #cursor = 0;
  #stored = 0;
  #due: Timer | undefined;
  #running: Promise<void> | undefined;
  #isDue = false;
  #isEnding = false;

  constructor(deps: NeighbourWatchDeps) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    const { db, stream } = this.#deps;
    this.#cursor = (await db.read((tx) => streamCursor(tx, NAME))) ?? stream.head;
    this.#stored = this.#cursor;
    db.onCommit(({ changes }) => {
      if (changes.some(({ audience }) => 'room' in audience && audience.users)) this.#wake(GATHER_MS);
    });
    this.#wake(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    this.#due?.cancel();
    await this.#running;
    if (this.#cursor > this.#stored) await this.#store();
  }

  #wake(afterMs: number): void {
    this.#isDue = true;
    if (this.#due || this.#running || this.#isEnding) return;
    this.#due = this.#deps.clock.after(afterMs, () => {
      this.#due = undefined;
      this.#isDue = false;
      this.#running = this.#catchUp()
        .then(
          () => 0,
          (err: unknown) => {
            this.#deps.log.warn({ err }, 'Who shares rooms with whom could not be followed.');
            this.#isDue = true;
            return RETRY_MS;
          },
        )
        .then((waitMs) => {
          this.#running = undefined;
          if (this.#isDue) this.#wake(waitMs || GATHER_MS);
        });
    });
  }

  async #catchUp(): Promise<void> {
    const { db, stream } = this.#deps;
    while (this.#cursor < stream.head && !this.#isEnding) {
      const after = this.#cursor;
      const { head } = stream;
      const { joins, others, upTo, review } = await db.read(async (tx) => {
        const found = await ownJoins(tx, after, head, JOINS_AT_ONCE);
        const end = found.length < JOINS_AT_ONCE ? head : found.at(-1)!.position;
        const review = await reviewFollowedLists(tx, after, end);
        return { joins: found, others: await othersJoins(tx, after, end, OTHERS_AT_ONCE), upTo: end, review };
      });
      const isReviewed = review.ended.length + review.doubtful.length > 0;
      if (isReviewed) await db.write(endFollowing, review);
      this.#deps.remoteDevices.resync(review.doubtful);
      const introductions = await this.#introductions(joins);
      if (introductions.length > 0) await db.write(introduceDevices, introductions);
      await this.#tellOfNeighbours(others);
      this.#cursor = upTo;
      if (upTo - this.#stored > UNSTORED_MAX || introductions.length > 0 || isReviewed) await this.#store();
    }
  }

  async #tellOfNeighbours(others: readonly OthersJoin[]): Promise<void> {
    const now = this.#deps.clock.monotonic();
    for (const { userId, room } of others) {
      const server = serverOf(userId);
      const key = `${room} ${server}`;
      if (now - (this.#told.get(key) ?? Number.NEGATIVE_INFINITY) < KNOWN_MS) continue;
      this.#told.set(key, now);
      await this.#deps.onNeighbour(server, room);
    }
  }

  /** The servers in the rooms that users came into, but for those they share another room with already. */
  async #introductions(joins: readonly OwnJoin[]): Promise<{ user: number; destinations: ServerName[] }[]> {
    if (joins.length === 0) return [];
    const { db, serversIn } = this.#deps;
    const rooms = await db.read((tx) => roomIdsOf(tx, [...new Set(joins.map(({ room }) => room))]));
    const introductions: { user: number; destinations: ServerName[] }[] = [];
    for (const [user, ofUser] of Map.groupBy(joins, (join) => join.user)) {
      const entered = new Set(ofUser.map(({ room }) => rooms.get(room)).filter((roomId) => roomId !== undefined));
      const met = new Set<ServerName>();
      for (const roomId of entered) for (const server of await serversIn(roomId)) met.add(server);
      if (met.size === 0) continue;
      for (const roomId of await db.read((tx) => joinedRooms(tx, user))) {
        if (entered.has(roomId)) continue;
        for (const server of await serversIn(roomId)) met.delete(server);
      }
      introductions.push({ user, destinations: [...met] });
    }
    return introductions.filter(({ destinations }) => destinations.length > 0);
  }

  async #store(): Promise<void> {
    await this.#deps.db.write(moveStreamCursor, { consumer: NAME, position: this.#cursor });
    this.#stored = this.#cursor;
  }
}
