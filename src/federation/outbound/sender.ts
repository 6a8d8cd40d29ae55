// Brings each server what it does not have, one transaction at a time, until it has everything.

import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { PeerError } from '../../peers/peer-error.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import type { OutgoingEdus } from '../edus/outgoing.ts';
import type { Cursors } from './cursors.ts';
import { type DeliverDeps, deliver, type Transport } from './deliver.ts';
import {
  cursorOf,
  type Destination,
  forgetPending,
  lacksSomething,
  newDestination,
  noteDelivered,
  PDUS_MAX,
  type Transaction,
} from './destination.ts';
import { createLanes, type Lanes } from './lanes.ts';
import { createParking, type Parking } from './parking.ts';

export interface SenderDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly serverName: ServerName;
  readonly transport: Transport;
  readonly edus: Pick<OutgoingEdus, 'acknowledge'>;
  readonly destinations: Map<ServerName, Destination>;
  readonly cursors: Cursors;
  readonly compose: (destination: Destination) => Promise<Transaction>;
}

export type Outcome = 'delivered' | 'failed' | 'refused' | 'aborted';

/** When the failure was not the server's, and the database is asked again. */
const OWN_RETRY_MS = 10_000;
/** Of transactions that are kept to be sent again; beyond it they are composed anew, with another id. */
const KEPT_CHARS_MAX = 32_000_000;
/** EDUs that tell how things are now are not repeated for longer. */
const EPHEMERAL_AGE_MS_MAX = 5 * 60_000;
const REFUSALS_MAX = 3;
/** About the content of this very transaction. */
const refusing: ReadonlySet<number | undefined> = new Set([400, 413]);

export class Sender {
  readonly #deps: SenderDeps;
  readonly #delivery: DeliverDeps;
  readonly #ending = new AbortController();
  readonly #outcomes: Record<Outcome, number> = { delivered: 0, failed: 0, refused: 0, aborted: 0 };
  readonly #sent = { pdus: 0, edus: 0, refusedPdus: 0, dropped: 0 };
  readonly #lanes: Lanes<Destination>;
  readonly #parking: Parking<Destination>;
  #keptChars = 0;
  #isEnding = false;

  constructor(deps: SenderDeps) {
    this.#deps = deps;
    const { clock, log, serverName, transport, destinations } = deps;
    this.#delivery = { log, serverName, transport, signal: this.#ending.signal };
    this.#lanes = createLanes({
      clock,
      run: (destination) => this.#turn(destination),
      isSuspect: ({ name }) => transport.troubleOf(name) !== undefined,
    });
    this.#parking = createParking(clock, (destination) => this.#queue(destination));
    transport.onReachable((server) => {
      const destination = destinations.get(server);
      if (destination && this.#parking.release(destination)) this.#queue(destination);
    });
  }

  /** The server's record, made when there is none; undefined for one that is not to be called, or gone for good. */
  destinationOf(server: ServerName): Destination | undefined {
    const { clock, transport, destinations } = this.#deps;
    const known = destinations.get(server);
    if (known) return known;
    if (!transport.isAllowed(server) || transport.troubleOf(server)?.retryTs === null) return undefined;
    const destination = newDestination(server, clock.now());
    destinations.set(server, destination);
    return destination;
  }

  /** There is something for it: it comes to its turn, or waits until it may be called. */
  wake(destination: Destination): void {
    if (this.#isEnding || destination.activity !== 'idle') return;
    if (this.#deps.transport.isLeftAlone(destination.name)) this.#park(destination);
    else this.#queue(destination);
  }

  counts() {
    const { clock, destinations } = this.#deps;
    const behind = [...destinations.values()].filter((each) => cursorOf(each) !== undefined);
    const sinceTs = behind.reduce((oldest, each) => Math.min(oldest, each.sinceTs), clock.now());
    return {
      outcomes: this.#outcomes,
      ...this.#sent,
      ...this.#lanes.counts(),
      parked: this.#parking.size,
      behind: behind.length,
      /** Since when the one that waits longest has been behind. */
      sinceTs,
    };
  }

  /** Ends what is under way, by force after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.#isEnding = true;
    this.#parking.close();
    const timer = this.#deps.clock.after(graceMs, () => this.#ending.abort());
    await this.#lanes.close();
    timer.cancel();
  }

  async #turn(destination: Destination): Promise<void> {
    const { transport, destinations, log } = this.#deps;
    destination.activity = 'sending';
    try {
      if (transport.isLeftAlone(destination.name)) this.#park(destination);
      else await this.#send(destination);
    } catch (err) {
      log.warn({ err, server: destination.name }, 'What another server is to be told is delayed.');
      this.#park(destination);
    }
    if (destination.activity !== 'sending' || destinations.get(destination.name) !== destination) return;
    destination.activity = 'idle';
    if (lacksSomething(destination)) this.#queue(destination);
    else this.#remove(destination);
  }

  async #send(destination: Destination): Promise<void> {
    const transaction = await this.#nextTransaction(destination);
    if (transaction.pdus.length + transaction.edus.length > 0) {
      try {
        this.#sent.refusedPdus += await deliver(this.#delivery, destination.name, transaction);
      } catch (error) {
        this.#fail(destination, transaction, error);
        return;
      }
      this.#outcomes.delivered += 1;
      this.#sent.pdus += transaction.pdus.length;
      this.#sent.edus += transaction.edus.length;
    }
    const hadEdus = transaction.edusUpTo > destination.edusDone;
    this.#keep(destination, undefined);
    noteDelivered(destination, transaction);
    destination.pdusMax = Math.min(PDUS_MAX, destination.pdusMax * 2);
    if (hadEdus) await this.#deps.edus.acknowledge(destination.name, transaction.edusUpTo);
  }

  #nextTransaction(destination: Destination): Transaction | Promise<Transaction> {
    const { clock, compose } = this.#deps;
    const kept = destination.transaction;
    if (!kept) return compose(destination);
    if (!kept.hasEphemeral || clock.now() - kept.originServerTs <= EPHEMERAL_AGE_MS_MAX) return kept;
    this.#keep(destination, undefined);
    return compose(destination);
  }

  #fail(destination: Destination, transaction: Transaction, error: unknown): void {
    const { log } = this.#deps;
    if (this.#ending.signal.aborted) {
      this.#outcomes.aborted += 1;
      return;
    }
    this.#outcomes.failed += 1;
    if (!(error instanceof PeerError)) log.error({ err: error, server: destination.name }, 'A transaction failed.');
    const isDroppable = transaction.pdus.length === 0 && transaction.edusUpTo <= destination.edusDone;
    const fits = this.#keptChars + transaction.sizeChars <= KEPT_CHARS_MAX;
    if (error instanceof PeerError && refusing.has(error.status)) this.#refused(destination, transaction, error);
    else if (!isDroppable && !destination.transaction && fits) this.#keep(destination, transaction);
    this.#park(destination);
  }

  /** A transaction that is refused for what is in it is sent in halves, and what is refused alone is given up. */
  #refused(destination: Destination, transaction: Transaction, error: PeerError): void {
    this.#keep(destination, undefined);
    if (destination.pdusMax > 1) {
      destination.pdusMax = Math.max(1, Math.floor(Math.min(destination.pdusMax, transaction.pdus.length) / 2));
      return;
    }
    destination.refusals += 1;
    if (destination.refusals < REFUSALS_MAX) return;
    this.#outcomes.refused += 1;
    const { log } = this.#deps;
    log.warn(
      { server: destination.name, err: error.message },
      'Another server will not take an event: it goes without.',
    );
    noteDelivered(destination, transaction);
  }

  #queue(destination: Destination): void {
    if (this.#isEnding) return;
    destination.activity = 'queued';
    this.#lanes.queue(destination);
  }

  #park(destination: Destination): void {
    const { clock, transport, cursors } = this.#deps;
    forgetPending(destination);
    destination.plan = undefined;
    destination.ephemeral.clear();
    const trouble = transport.troubleOf(destination.name);
    if (!lacksSomething(destination)) this.#remove(destination);
    else if (trouble?.retryTs === null) this.#drop(destination);
    else {
      destination.activity = 'parked';
      destination.retryTs = Math.max(trouble?.retryTs ?? clock.now() + OWN_RETRY_MS, clock.now());
      this.#parking.park(destination);
      cursors.touch();
    }
  }

  /** It gets nothing any more that happened until now: it said that it is gone, and did not come back in its time. */
  #drop(destination: Destination): void {
    this.#deps.log.info({ server: destination.name }, 'What waited for a server that is gone is dropped.');
    this.#sent.dropped += 1;
    const { edus, log, cursors } = this.#deps;
    edus.acknowledge(destination.name, cursors.position).catch((err: unknown) => {
      log.warn({ err, server: destination.name }, 'Messages for a server that is gone could not be deleted.');
    });
    this.#remove(destination);
  }

  #remove(destination: Destination): void {
    const { destinations, cursors } = this.#deps;
    this.#keep(destination, undefined);
    destinations.delete(destination.name);
    if (cursors.isStored(destination.name)) cursors.touch();
  }

  #keep(destination: Destination, transaction: Transaction | undefined): void {
    this.#keptChars += (transaction?.sizeChars ?? 0) - (destination.transaction?.sizeChars ?? 0);
    destination.transaction = transaction;
  }
}
