// Fetches stale device lists anew, one at a time from each server, until their servers answer. What is stale stands in the
// database; here are only those whose turn comes soon. Server-Server API, "Device Management".

import type { Clock, Timer } from '../../../lib/clock.ts';
import type { Log } from '../../../lib/log.ts';
import { PeerError } from '../../../peers/peer-error.ts';
import type { Peers } from '../../../peers/peers.ts';
import type { ServerName, UserId } from '../../../protocol/ids/branded.ts';
import { serverOf } from '../../../protocol/ids/id-parts.ts';
import type { Database } from '../../../storage/database.ts';
import { forgetRemoteLists, staleLists, tellOfStaleLists } from '../../../storage/stores/remote-device-lists.ts';
import { type FetchedList, storeRemoteLists } from '../../../storage/stores/remote-devices.ts';
import type { KeyCalls } from './fetch-lists.ts';

export interface ResyncDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly peers: Pick<Peers, 'onReachable'>;
  readonly calls: KeyCalls;
  /** Whether an update of the user came after the count was `since`. */
  readonly updates: { readonly count: number; hasSince(userId: UserId, since: number): boolean };
}

const TIMEOUT_MS = 30_000;
/** Servers that are asked at the same time. */
const SERVERS_AT_ONCE = 10;
/** Users waiting in memory; beyond it they wait in the database for the next look. */
const WAITING_MAX = 20_000;
/** A list is not fetched again sooner: a server whose updates never fit costs no more than that. */
const PAUSE_MS = 5_000;
const RETRY_MS_FIRST = 15_000;
const RETRY_MS_MAX = 60 * 60_000;
const LOOK_MS = 30 * 60_000;
const LOOK_BATCH = 1_000;

interface ServerQueue {
  readonly users: Set<UserId>;
  failures: number;
  isRunning: boolean;
  retry: Timer | undefined;
}

export class Resync implements AsyncDisposable {
  readonly #deps: ResyncDeps;
  readonly #queues = new Map<ServerName, ServerQueue>();
  /** When lists were fetched last, for the pause. */
  readonly #fetched = new Map<UserId, number>();
  /** Users of whom it was told that their devices are not known for sure. */
  readonly #told = new Set<UserId>();
  readonly #running = new Set<Promise<void>>();
  readonly #ready: ServerName[] = [];
  #waiting = 0;
  #look: Timer | undefined;
  #isEnding = false;

  constructor(deps: ResyncDeps) {
    this.#deps = deps;
    deps.peers.onReachable((server) => {
      const queue = this.#queues.get(server);
      if (queue?.retry) this.#begin(server, queue);
    });
  }

  /** Takes up what an earlier process left, now and from time to time. */
  start(): void {
    this.#lookSoon(1_000);
  }

  /** Their lists are stale in the database. */
  add(userIds: readonly UserId[]): void {
    for (const userId of userIds) {
      if (this.#waiting >= WAITING_MAX || this.#isEnding) return;
      const server = serverOf(userId);
      const queue = this.#queues.get(server) ?? { users: new Set(), failures: 0, isRunning: false, retry: undefined };
      this.#queues.set(server, queue);
      if (queue.users.has(userId)) continue;
      queue.users.add(userId);
      this.#waiting += 1;
      if (!queue.isRunning && !queue.retry) this.#begin(server, queue);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    this.#look?.cancel();
    for (const { retry } of this.#queues.values()) retry?.cancel();
    await Promise.allSettled(this.#running);
  }

  #begin(server: ServerName, queue: ServerQueue): void {
    queue.retry?.cancel();
    queue.retry = undefined;
    if (queue.isRunning || this.#isEnding) return;
    queue.isRunning = true;
    this.#ready.push(server);
    this.#runReady();
  }

  #runReady(): void {
    while (this.#running.size < SERVERS_AT_ONCE && this.#ready.length > 0 && !this.#isEnding) {
      const server = this.#ready.shift()!;
      const run = this.#work(server, this.#queues.get(server)!).finally(() => {
        this.#running.delete(run);
        this.#runReady();
      });
      this.#running.add(run);
    }
  }

  async #work(server: ServerName, queue: ServerQueue): Promise<void> {
    let waitMs = 0;
    try {
      waitMs = await this.#fetchAll(queue);
      queue.failures = 0;
    } catch (err) {
      if (!(err instanceof PeerError)) this.#deps.log.warn({ err, server }, 'Device lists could not be kept.');
      await this.#tell([...queue.users]).catch((error: unknown) =>
        this.#deps.log.warn({ err: error }, 'Nobody was told.'),
      );
      waitMs = Math.min(RETRY_MS_FIRST * 2 ** queue.failures, RETRY_MS_MAX);
      queue.failures += 1;
    }
    queue.isRunning = false;
    if (queue.users.size === 0) this.#queues.delete(server);
    else if (!this.#isEnding) queue.retry = this.#deps.clock.after(waitMs, () => this.#begin(server, queue));
  }

  /** Milliseconds until the rest is due: their lists were fetched a moment ago. */
  async #fetchAll(queue: ServerQueue): Promise<number> {
    let shortestMs = PAUSE_MS;
    for (const userId of [...queue.users]) {
      if (this.#isEnding) return shortestMs;
      const sinceMs = this.#deps.clock.monotonic() - (this.#fetched.get(userId) ?? Number.NEGATIVE_INFINITY);
      if (sinceMs < PAUSE_MS) {
        shortestMs = Math.min(shortestMs, PAUSE_MS - sinceMs);
        continue;
      }
      await this.#fetch(userId);
      this.#waiting -= 1;
      queue.users.delete(userId);
    }
    return shortestMs;
  }

  async #fetch(userId: UserId): Promise<void> {
    const { db, clock, calls, updates } = this.#deps;
    const began = updates.count;
    let list: Omit<FetchedList, 'isStale'> | undefined;
    try {
      list = await calls.devicesOf(userId, serverOf(userId), TIMEOUT_MS);
    } catch (error) {
      // The server does not have the user, or will not tell: whoever asks for their keys asks it again.
      const isRefused = error instanceof PeerError && (error.status === 404 || error.status === 403);
      if (!isRefused) throw error;
      await db.write(forgetRemoteLists, [userId]);
    }
    this.#noteFetched(userId);
    this.#told.delete(userId);
    if (!list) return;
    // An update that came meanwhile may be newer than the answer.
    const isStale = updates.hasSince(userId, began);
    await db.write(storeRemoteLists, { lists: [{ ...list, isStale }], now: clock.now() });
    if (isStale) clock.after(PAUSE_MS, () => this.add([userId]));
  }

  #noteFetched(userId: UserId): void {
    this.#fetched.delete(userId);
    this.#fetched.set(userId, this.#deps.clock.monotonic());
    if (this.#fetched.size > WAITING_MAX) this.#fetched.delete(this.#fetched.keys().next().value!);
  }

  /** Once for each user: whoever asks for their keys is told that their server does not answer. */
  async #tell(userIds: readonly UserId[]): Promise<void> {
    const untold = userIds.filter((userId) => !this.#told.has(userId));
    if (untold.length === 0 || this.#told.size > WAITING_MAX) return;
    for (const userId of untold) this.#told.add(userId);
    await this.#deps.db.write(tellOfStaleLists, untold);
  }

  #lookSoon(afterMs: number): void {
    this.#look = this.#deps.clock.after(afterMs, () => {
      const run = this.#lookForStale()
        .catch((err: unknown) => this.#deps.log.warn({ err }, 'Stale device lists could not be read.'))
        .finally(() => {
          this.#running.delete(run);
          if (!this.#isEnding) this.#lookSoon(LOOK_MS);
        });
      this.#running.add(run);
    });
  }

  async #lookForStale(): Promise<void> {
    let after = 0;
    while (this.#waiting < WAITING_MAX && !this.#isEnding) {
      const found = await this.#deps.db.read((tx) => staleLists(tx, after, LOOK_BATCH));
      this.add(found.map(({ userId }) => userId));
      if (found.length < LOOK_BATCH) return;
      after = found.at(-1)!.user;
    }
  }
}
