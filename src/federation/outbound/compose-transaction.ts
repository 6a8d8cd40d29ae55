// Makes the next transaction for a server of what it does not have. Server-Server API, "Transactions".

import type { Clock } from '../../lib/clock.ts';
import { randomToken } from '../../lib/random.ts';
import { canonicalJson, canonicalString } from '../../protocol/canonical-json/canonical-json.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import type { OutgoingEdus } from '../edus/outgoing.ts';
import type { CatchUp } from './catch-up.ts';
import { type Destination, EDUS_MAX, type Transaction } from './destination.ts';
import type { OutgoingEvent } from './outgoing-event.ts';

export interface ComposerDeps {
  readonly clock: Clock;
  readonly edus: OutgoingEdus;
  readonly catchUp: CatchUp;
  /** Resolves once what the database tells of missed events holds up to a position. */
  readonly saved: (position: number) => Promise<void>;
}

interface Part {
  readonly pdus: readonly string[];
  readonly events: readonly OutgoingEvent[];
  readonly upTo: number;
}

export const createComposer = ({ clock, edus, catchUp, saved }: ComposerDeps) => {
  // No process uses an id of another one.
  const prefix = randomToken(9);
  let count = 0;

  const fromMemory = (destination: Destination): Part => {
    const events = destination.pending.slice(0, destination.pdusMax);
    return { events, pdus: events.map(({ pdu }) => pdu), upTo: events.at(-1)?.position ?? destination.eventsDone };
  };

  const fromDatabase = async (destination: Destination): Promise<Part> => {
    const { name, eventsDone, storedUpTo } = destination;
    await saved(storedUpTo);
    const plan = destination.plan ?? (await catchUp.plan(name, eventsDone, storedUpTo));
    const events = await catchUp.take(name, plan, destination.pdusMax);
    destination.plan = plan.positions.length > 0 ? plan : undefined;
    const upTo = plan.positions.length > 0 ? (events.at(-1)?.position ?? eventsDone) : plan.upTo;
    return { pdus: events.map(({ pdu }) => pdu), events: [], upTo };
  };

  const persistentEdus = async ({
    name,
    edusDone,
    edusUpTo,
  }: Destination): Promise<{ texts: string[]; upTo: number }> => {
    if (edusUpTo <= edusDone) return { texts: [], upTo: edusDone };
    const found = await edus.pendingEdus(name, edusDone, edusUpTo, EDUS_MAX);
    return { texts: found.edus.map((edu) => canonicalJson(edu, 'lossless')), upTo: found.upTo };
  };

  const takeEphemeral = ({ ephemeral }: Destination, limit: number): string[] => {
    const taken = [...ephemeral].slice(0, limit);
    for (const [key] of taken) ephemeral.delete(key);
    return taken.map(([, text]) => text);
  };

  /** With neither PDUs nor EDUs there is nothing to send, and the destination has everything up to its positions. */
  return async (destination: Destination): Promise<Transaction> => {
    const { storedUpTo, eventsDone } = destination;
    const part = storedUpTo > eventsDone ? await fromDatabase(destination) : fromMemory(destination);
    const persistent = await persistentEdus(destination);
    const texts = [...persistent.texts, ...takeEphemeral(destination, EDUS_MAX - persistent.texts.length)];
    count += 1;
    return {
      txnId: `${prefix}-${count}`,
      originServerTs: clock.now(),
      pdus: part.pdus,
      edus: texts,
      sizeChars: [...part.pdus, ...texts].reduce((sum, { length }) => sum + length, 0),
      hasEphemeral: texts.length > persistent.texts.length,
      events: part.events,
      eventsUpTo: part.upTo,
      edusUpTo: persistent.upTo,
    };
  };
};

/** Canonical JSON, spliced from the texts. */
export const transactionBody = ({ pdus, edus, originServerTs }: Transaction, origin: ServerName): string => {
  const head = edus.length > 0 ? `"edus":[${edus.join(',')}],` : '';
  return `{${head}"origin":${canonicalString(origin)},"origin_server_ts":${originServerTs},"pdus":[${pdus.join(',')}]}`;
};
