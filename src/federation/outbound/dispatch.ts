// Reads the stream and hands what is for other servers to each of them, in order. Reads again from the cursor after a restart.

import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { canonicalJson } from '../../protocol/canonical-json/canonical-json.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import type { Database } from '../../storage/database.ts';
import { windowEnd } from '../../storage/stores/events.ts';
import { outgoingBetween } from '../../storage/stores/outgoing-events.ts';
import type { Stream } from '../../stream/stream.ts';
import type { EphemeralListener, OutgoingEdus } from '../edus/outgoing.ts';
import type { OutgoingEvents } from './address-events.ts';
import type { Cursors } from './cursors.ts';
import { addEdus, addEphemeral, addEvent, type Destination } from './destination.ts';
import type { Sender } from './sender.ts';

export interface DispatchDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly stream: Stream;
  readonly serverName: ServerName;
  readonly edus: OutgoingEdus;
  readonly outgoing: OutgoingEvents;
  readonly cursors: Cursors;
  readonly sender: Sender;
}

/** Events of all senders that are looked at at once. */
const WINDOW = 500;
const RETRY_MS = 5000;

export class Dispatch implements AsyncDisposable {
  readonly #deps: DispatchDeps;
  #running: Promise<void> | undefined;
  #isDue = false;
  #isEnding = false;

  constructor(deps: DispatchDeps) {
    this.#deps = deps;
  }

  /** Follows the stream from the cursor's position on. */
  start(): void {
    this.#deps.db.onCommit(({ changes }) => {
      if (changes.length > 0) this.#wake();
    });
    this.#deps.edus.onEphemeral((edu, destinations) => this.#handEphemeral(edu, destinations));
    this.#wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    await this.#running;
  }

  #wake(): void {
    if (this.#isEnding) return;
    this.#isDue = true;
    this.#running ??= this.#follow();
  }

  async #follow(): Promise<void> {
    // Let the commit be told to all first: the stream's head may be behind this listener.
    await Promise.resolve();
    while (this.#isDue && !this.#isEnding) {
      this.#isDue = false;
      try {
        while (this.#deps.cursors.position < this.#deps.stream.head && !this.#isEnding) await this.#handWindow();
      } catch (err) {
        this.#deps.log.warn({ err }, 'What other servers are to be told is delayed.');
        this.#deps.clock.after(RETRY_MS, () => this.#wake());
        break;
      }
    }
    this.#running = undefined;
  }

  async #handWindow(): Promise<void> {
    const { db, stream, serverName, edus, outgoing, cursors, sender } = this.#deps;
    const after = cursors.position;
    const limit = await db.read((tx) => windowEnd(tx, { after, upTo: stream.head, limit: WINDOW }));
    const { destinations, upTo } = await edus.destinationsOf(after, limit);
    const rows = await db.read((tx) => outgoingBetween(tx, { serverName, after, upTo }));
    const addressed = (await outgoing.address(rows)).filter(({ targets }) => targets.size > 0);
    const events = await outgoing.load(addressed.map(({ row }) => row.position));
    const targets = new Map(addressed.map((each) => [each.row.position, each.targets]));
    // From here on nothing waits: what is handed out and the position move together.
    const woken = new Set<Destination>();
    for (const event of events) {
      for (const server of targets.get(event.position)!) {
        const destination = sender.destinationOf(server);
        if (!destination) continue;
        addEvent(destination, event);
        woken.add(destination);
      }
    }
    for (const server of destinations) {
      const destination = sender.destinationOf(server);
      if (!destination) continue;
      addEdus(destination, after, upTo);
      woken.add(destination);
    }
    cursors.advance(upTo, events);
    if (destinations.size > 0) cursors.touch();
    for (const destination of woken) sender.wake(destination);
  }

  #handEphemeral({ edu, key }: Parameters<EphemeralListener>[0], servers: readonly ServerName[]): void {
    if (this.#isEnding) return;
    const text = canonicalJson(edu, 'lossless');
    for (const server of servers) {
      const destination = this.#deps.sender.destinationOf(server);
      if (!destination || destination.activity === 'parked') continue;
      addEphemeral(destination, key, text);
      this.#deps.sender.wake(destination);
    }
  }
}
