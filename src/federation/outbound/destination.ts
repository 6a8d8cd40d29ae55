// What is known of one server that has not got everything: what of it is in memory, and from where on it is in the database.

import type { ServerName } from '../../protocol/ids/branded.ts';
import type { OutgoingEvent } from './outgoing-event.ts';

/** One transaction as it is sent again and again until it is there: the same content under the same id. */
export interface Transaction {
  readonly txnId: string;
  readonly originServerTs: number;
  /** Canonical JSON texts. */
  readonly pdus: readonly string[];
  readonly edus: readonly string[];
  readonly sizeChars: number;
  /** Whether some of the EDUs only tell how things were when it was made. */
  readonly hasEphemeral: boolean;
  /** Of `pdus`, those that came from memory. */
  readonly events: readonly OutgoingEvent[];
  /** The destination has all events up to here with it. */
  readonly eventsUpTo: number;
  /** The same for persistent EDUs. */
  readonly edusUpTo: number;
}

/** Events that a destination missed, in order, still to be looked at one by one. */
export interface CatchUpPlan {
  readonly positions: number[];
  /** When all of them are done the destination has every event up to here. */
  readonly upTo: number;
}

export interface Destination {
  readonly name: ServerName;
  /** Since when there is something for it, in milliseconds. */
  readonly sinceTs: number;
  /** idle: nothing to do; queued: waits for its turn; parked: left alone until retryTs. */
  activity: 'idle' | 'queued' | 'sending' | 'parked';
  retryTs: number;
  /** It has all its events up to here. */
  eventsDone: number;
  /** Events above eventsDone up to here are read from the database. */
  storedUpTo: number;
  /** Events above storedUpTo. */
  pending: OutgoingEvent[];
  /** It has all persistent EDUs up to here, and there are more up to edusUpTo. */
  edusDone: number;
  edusUpTo: number;
  /** By their keys, as canonical JSON; droppable. */
  readonly ephemeral: Map<string, string>;
  /** Tried and not there yet. */
  transaction: Transaction | undefined;
  plan: CatchUpPlan | undefined;
  pdusMax: number;
  /** How often the server refused one transaction that cannot be made smaller. */
  refusals: number;
}

/** "Transactions are limited in size; they can have at most 50 PDUs and 100 EDUs." */
export const PDUS_MAX = 50;
export const EDUS_MAX = 100;
/** Beyond this the events of a destination are read from the database again. */
const PENDING_MAX = 200;
const EPHEMERAL_MAX = 100;

export const newDestination = (name: ServerName, sinceTs: number): Destination => ({
  name,
  sinceTs,
  activity: 'idle',
  retryTs: 0,
  eventsDone: 0,
  storedUpTo: 0,
  pending: [],
  edusDone: 0,
  edusUpTo: 0,
  ephemeral: new Map(),
  transaction: undefined,
  plan: undefined,
  pdusMax: PDUS_MAX,
  refusals: 0,
});

const lacksStored = (destination: Destination): boolean => destination.storedUpTo > destination.eventsDone;
const lacksEvents = (destination: Destination): boolean => lacksStored(destination) || destination.pending.length > 0;
const lacksEdus = (destination: Destination): boolean => destination.edusUpTo > destination.edusDone;

export const lacksSomething = (destination: Destination): boolean =>
  lacksEvents(destination) || lacksEdus(destination) || destination.ephemeral.size > 0;

/** Up to where everything is there that has to be; undefined: everything is. */
export const cursorOf = (destination: Destination): number | undefined => {
  const events = lacksEvents(destination) ? destination.eventsDone : Number.POSITIVE_INFINITY;
  const edus = lacksEdus(destination) ? destination.edusDone : Number.POSITIVE_INFINITY;
  const cursor = Math.min(events, edus);
  return Number.isFinite(cursor) ? cursor : undefined;
};

/** From now on its events are read from the database. */
export const forgetPending = (destination: Destination): void => {
  const last = destination.pending.at(-1);
  if (!last) return;
  destination.storedUpTo = last.position;
  destination.pending = [];
};

export const addEvent = (destination: Destination, event: OutgoingEvent): void => {
  if (!lacksEvents(destination)) {
    destination.eventsDone = event.position - 1;
    destination.storedUpTo = event.position - 1;
  }
  event.waiting += 1;
  destination.pending.push(event);
  if (destination.activity === 'parked' || destination.pending.length > PENDING_MAX) forgetPending(destination);
};

/** There are persistent EDUs for it in (after, upTo]. */
export const addEdus = (destination: Destination, after: number, upTo: number): void => {
  if (!lacksEdus(destination)) destination.edusDone = after;
  destination.edusUpTo = upTo;
};

export const addEphemeral = (destination: Destination, key: string, edu: string): void => {
  const { ephemeral } = destination;
  // The later one takes its place at the end: what it says holds after what stands before it.
  ephemeral.delete(key);
  ephemeral.set(key, edu);
  if (ephemeral.size > EPHEMERAL_MAX) ephemeral.delete(ephemeral.keys().next().value!);
};

/** All up to a position is there, and the server is asked for what is above it up to another: as after a restart. */
export const setBehind = (destination: Destination, done: number, upTo: number): void => {
  destination.eventsDone = done;
  destination.storedUpTo = upTo;
  destination.edusDone = done;
  destination.edusUpTo = upTo;
};

/** It has what is in the transaction. */
export const noteDelivered = (destination: Destination, transaction: Transaction): void => {
  const { eventsUpTo, edusUpTo, events } = transaction;
  for (const event of events) event.waiting -= 1;
  destination.eventsDone = Math.max(destination.eventsDone, eventsUpTo);
  destination.edusDone = Math.max(destination.edusDone, edusUpTo);
  destination.pending = destination.pending.filter(({ position }) => position > eventsUpTo);
  destination.transaction = undefined;
  destination.refusals = 0;
};
