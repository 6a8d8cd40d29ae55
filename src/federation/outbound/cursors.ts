// Writes down how far the dispatch has come and who is behind it: one write now and then, whatever the number of servers.

import type { Clock, Timer } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import type { Database } from '../../storage/database.ts';
import { type DestinationCursor, moveOutbound, type OutboundMove } from '../../storage/stores/outgoing-events.ts';
import { cursorOf, type Destination } from './destination.ts';
import type { OutgoingEvent } from './outgoing-event.ts';

export interface CursorsDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly destinations: ReadonlyMap<ServerName, Destination>;
}

const WRITE_INTERVAL_MS = 3000;
const RETRY_MS = 5000;
/** Events that are handed out and not written down yet. */
const EVENTS_MAX = 500;
/** Positions that may pass without anything for other servers before the cursor is written all the same. */
const QUIET_MAX = 10_000;
const PRUNE_EVERY = 100;

export class Cursors {
  readonly #deps: CursorsDeps;
  /** What the rows say. */
  readonly #stored = new Map<ServerName, number>();
  #position = 0;
  #written = 0;
  /** Handed out above the position that is written down. */
  #events: OutgoingEvent[] = [];
  #writes = 0;
  #isDirty = false;
  #writing: Promise<void> | undefined;
  #timer: Timer | undefined;

  constructor(deps: CursorsDeps) {
    this.#deps = deps;
  }

  /** Everything up to here was dispatched. */
  get position(): number {
    return this.#position;
  }

  /** From what was read at the start. */
  restore(position: number, rows: readonly DestinationCursor[]): void {
    this.#position = position;
    this.#written = position;
    for (const row of rows) this.#stored.set(row.destination, row.position);
  }

  /** These events were handed to their destinations, and so was all up to the position. */
  advance(position: number, events: readonly OutgoingEvent[]): void {
    this.#position = position;
    this.#events.push(...events);
    if (events.length > 0 || position - this.#written > QUIET_MAX) this.touch();
    if (this.#events.length >= EVENTS_MAX) void this.write();
  }

  /** Something is to be written down before long. */
  touch(): void {
    this.#isDirty = true;
    this.#schedule(WRITE_INTERVAL_MS);
  }

  isStored(server: ServerName): boolean {
    return this.#stored.has(server);
  }

  /** Resolves once what the database tells of missed events holds up to a position. Throws when it cannot be written. */
  async saved(position: number): Promise<void> {
    while (this.#written < position) await this.#writeOnce();
  }

  /** Resolves once all is written that is to be; what fails is tried again later. */
  async write(): Promise<void> {
    try {
      if (this.#writing) await this.#writing;
      if (this.#isDirty || this.#position > this.#written) await this.#writeOnce();
    } catch (err) {
      this.#deps.log.warn({ err }, 'How far other servers have come could not be written down.');
      this.#schedule(RETRY_MS);
    }
  }

  close(): void {
    this.#timer?.cancel();
  }

  #schedule(delayMs: number): void {
    this.#timer ??= this.#deps.clock.after(delayMs, () => {
      this.#timer = undefined;
      void this.write();
    });
  }

  /** One write at a time: who comes meanwhile waits for the one that is under way. */
  #writeOnce(): Promise<void> {
    this.#writing ??= this.#move().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #move(): Promise<void> {
    const position = this.#position;
    // More are added while the write is under way.
    const events = [...this.#events];
    const behind: DestinationCursor[] = [];
    for (const destination of this.#deps.destinations.values()) {
      const cursor = cursorOf(destination);
      if (cursor === undefined || this.#stored.get(destination.name) === cursor) continue;
      behind.push({ destination: destination.name, position: cursor });
    }
    const caughtUp = [...this.#stored.keys()].filter((server) => this.#hasEverything(server));
    const missed = events.filter(({ waiting }) => waiting > 0);
    this.#writes += 1;
    const move: OutboundMove = {
      position,
      behind,
      caughtUp,
      events: missed.map((event) => ({ room: event.room, position: event.position })),
      prunes: this.#writes % PRUNE_EVERY === 1,
    };
    this.#isDirty = false;
    try {
      await this.#deps.db.write(moveOutbound, move);
    } catch (error) {
      this.#isDirty = true;
      throw error;
    }
    this.#written = position;
    this.#events = this.#events.slice(events.length);
    for (const row of behind) this.#stored.set(row.destination, row.position);
    for (const server of caughtUp) this.#stored.delete(server);
    // Who caught up during the write has a row that nobody misses.
    if (behind.some(({ destination }) => this.#hasEverything(destination))) this.touch();
  }

  #hasEverything(server: ServerName): boolean {
    const destination = this.#deps.destinations.get(server);
    return !destination || cursorOf(destination) === undefined;
  }
}
