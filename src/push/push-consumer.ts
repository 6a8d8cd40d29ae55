// Reads the stream for events that somebody with a pusher is to be told of, and queues them with its cursor in one transaction:
// stopped anywhere, it goes on there without loss or repeat.

import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { bytesToHash } from '../rooms/state/room-state.ts';
import type { Database } from '../storage/database.ts';
import { eventsSince, type StoredEvent } from '../storage/stores/events.ts';
import {
  exceptionsSince,
  pushersWithPushes,
  type QueuedPush,
  queuePushes,
  type StoredException,
} from '../storage/stores/push-queue.ts';
import { pushersOf, usersOfPushersSince } from '../storage/stores/pushers.ts';
import { roomByNid } from '../storage/stores/rooms.ts';
import { moveStreamCursor, streamCursor } from '../storage/stores/stream-cursors.ts';
import type { Stream } from '../stream/stream.ts';
import type { Judging } from './judging.ts';
import type { PushSenders } from './push-senders.ts';

export interface ConsumerDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly stream: Stream;
  readonly judging: Judging;
  readonly senders: PushSenders;
}

const NAME = 'push';
const BATCH = 500;
const RETRY_MS = 5_000;
/** After so many positions without a push the cursor is stored all the same. */
const UNSTORED_MAX = 10_000;

export class PushConsumer implements AsyncDisposable {
  readonly #deps: ConsumerDeps;
  /** Users who have pushers, or had. */
  readonly #users = new Set<number>();
  #pushersUpTo = 0;
  #cursor = 0;
  #stored = 0;
  #running: Promise<void> | undefined;
  #isDue = false;
  #isEnding = false;

  constructor(deps: ConsumerDeps) {
    this.#deps = deps;
  }

  /** Takes up what was left at the last end, and follows the stream from there. */
  async start(): Promise<void> {
    const { db, stream, senders } = this.#deps;
    const found = await db.read(async (tx) => ({
      cursor: await streamCursor(tx, NAME),
      waiting: await pushersWithPushes(tx),
    }));
    this.#cursor = found.cursor ?? stream.head;
    this.#stored = this.#cursor;
    db.onCommit(({ changes }) => {
      if (changes.some(({ audience }) => 'room' in audience)) this.#wake();
    });
    for (const pusher of found.waiting) senders.kick(pusher);
    this.#wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    await this.#running;
    if (this.#cursor > this.#stored) await this.#store();
  }

  #wake(): void {
    if (this.#isEnding) return;
    this.#isDue = true;
    this.#running ??= this.#follow();
  }

  async #follow(): Promise<void> {
    while (this.#isDue && !this.#isEnding) {
      this.#isDue = false;
      try {
        await this.#catchUp();
      } catch (err) {
        this.#deps.log.warn({ err }, 'Push notifications are delayed.');
        this.#deps.clock.after(RETRY_MS, () => this.#wake());
        break;
      }
    }
    this.#running = undefined;
  }

  async #catchUp(): Promise<void> {
    while (this.#cursor < this.#deps.stream.head && !this.#isEnding) {
      await this.#learnPushers();
      await this.#queueBatch();
      if (this.#cursor - this.#stored > UNSTORED_MAX) await this.#store();
    }
  }

  async #learnPushers(): Promise<void> {
    const news = await this.#deps.db.read((tx) => usersOfPushersSince(tx, this.#pushersUpTo));
    for (const user of news.users) this.#users.add(user);
    this.#pushersUpTo = news.position;
  }

  async #queueBatch(): Promise<void> {
    const { db, stream, senders } = this.#deps;
    const { head } = stream;
    if (this.#users.size === 0) {
      this.#cursor = head;
      return;
    }
    const { pushes, upTo } = await findPushes(this.#deps, this.#users, this.#cursor, head);
    if (pushes.length > 0) {
      await db.write(queuePushes, { consumer: NAME, position: upTo, pushes });
      this.#stored = upTo;
      for (const pusher of new Set(pushes.map((push) => push.pusher))) senders.kick(pusher);
    }
    this.#cursor = upTo;
  }

  async #store(): Promise<void> {
    await this.#deps.db.write(moveStreamCursor, { consumer: NAME, position: this.#cursor });
    this.#stored = this.#cursor;
  }
}

interface FoundPushes {
  readonly upTo: number;
  readonly pushes: readonly QueuedPush[];
}

/** An event's nid, and where it stands in the stream. */
interface Told {
  readonly event: number;
  readonly position: number;
  readonly user: number;
}

const findPushes = async (
  deps: ConsumerDeps,
  users: ReadonlySet<number>,
  after: number,
  head: number,
): Promise<FoundPushes> => {
  const { events, exceptions, upTo } = await deps.db.read(async (tx) => {
    const found = await eventsSince(tx, after, head, BATCH);
    const end = found.length < BATCH ? head : found.at(-1)!.position!;
    return { events: found, exceptions: await exceptionsSince(tx, after, end), upTo: end };
  });
  const byEvent = Map.groupBy(exceptions, ({ event }) => event);
  const told: Told[] = [];
  for (const event of events) {
    const rows = byEvent.get(event.nid) ?? [];
    byEvent.delete(event.nid);
    if (event.notifies === 0 && rows.length === 0) continue;
    const position = event.position!;
    for (const user of await usersToTell(deps, users, event, rows)) told.push({ event: event.nid, position, user });
  }
  // Events that stand in no timeline: invites to rooms that this server is not in.
  for (const { event, position, user, notifies } of [...byEvent.values()].flat()) {
    if (notifies === 1 && users.has(user)) told.push({ event, position, user });
  }
  const pushers = await deps.db.read((tx) => pushersOf(tx, [...new Set(told.map(({ user }) => user))]));
  const byUser = Map.groupBy(pushers, ({ user }) => user);
  const queuedTs = deps.clock.now();
  const pushes = told.flatMap(({ event, position, user }) =>
    (byUser.get(user) ?? [])
      .filter((pusher) => pusher.position < position)
      .map((pusher) => ({ pusher: pusher.nid, position, event, queuedTs })),
  );
  return { upTo, pushes };
};

const usersToTell = async (
  { db, judging }: ConsumerDeps,
  users: ReadonlySet<number>,
  event: StoredEvent,
  exceptions: readonly StoredException[],
): Promise<number[]> => {
  const told = exceptions.filter(({ user, notifies }) => notifies === 1 && users.has(user)).map(({ user }) => user);
  if (event.notifies === 0) return told;
  const room = await db.read((tx) => roomByNid(tx, event.room));
  if (!room) return told;
  const otherwise = new Set(exceptions.map(({ user }) => user));
  const members = await judging.membersOf(event.room, bytesToHash(room.stateRoot));
  for (const user of members.local) {
    if (users.has(user) && user !== event.senderNid && !otherwise.has(user)) told.push(user);
  }
  return told;
};
