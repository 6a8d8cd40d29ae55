// Takes the state of a room as another server tells it, while it comes: verified, judged and stored in parts, each event after its
// auth events, so that memory does not grow with the room and whatever is stored when it breaks off is right.

import type { KeyWanted } from '../../peers/keys/verify-key.ts';
import { PeerError } from '../../peers/peer-error.ts';
import type { Peers } from '../../peers/peers.ts';
import { MatrixError } from '../../protocol/errors/matrix-error.ts';
import { type ParsedPdu, parsePdu } from '../../protocol/events/parse-pdu.ts';
import type { EventId, ServerName } from '../../protocol/ids/branded.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';
import { roomVersion } from '../../protocol/room-versions/room-versions.ts';
import type { IncomingEvent, Receive } from '../../rooms/receive/incoming.ts';
import type { PartialJoin } from '../../storage/stores/partial-joins.ts';
import { keysLacking, type Verify } from '../verify/verify-pdus.ts';
import { createAuthOrder } from './auth-order.ts';

export interface TakingDeps {
  readonly receive: Pick<Receive, 'storeState'>;
  readonly verify: Pick<Verify, 'verifyParsed'>;
  readonly peers: Pick<Peers, 'findKey' | 'keysFor'>;
}

/** The room, and who tells of it. */
export type Told = Pick<PartialJoin, 'roomId' | 'version'> & { readonly server: ServerName };

/**
 * Events in one write: so few that those under way are stored before V8 takes them for what lasts. Of twice as many it collects the
 * old generation twice as often.
 */
const PART = 64;
/** While one part is written the next is verified and the one after it read. */
const PARTS_AT_ONCE = 2;
/** Events are parsed in steps of so many before others get their turn on the event loop. */
const STEP = 25;
/** Of events that came before what they stand upon or whose keys are not known; about 100,000 members. */
const WAITING_LENGTH_MAX = 64 * 1024 * 1024;
/** In a large room there are thousands of servers; those that are gone are not waited for longer. */
const KEYS_TIMEOUT_MS = 60_000;

const pduOf = (text: string, version: RoomVersion): ParsedPdu | undefined => {
  try {
    return parsePdu(text, version, { limitReferences: false });
  } catch (error) {
    if (error instanceof MatrixError) return undefined;
    throw error;
  }
};

/**
 * `texts`: events as they were sent. Of them those of `wanted` are stored, what cannot be verified is left out. Resolves, once all
 * is on disk, with those that are still missing. Throws PeerError, and what `texts` throws.
 */
export const takeState = async (
  deps: TakingDeps,
  told: Told,
  texts: AsyncIterable<readonly string[]>,
  wanted: readonly EventId[],
): Promise<EventId[]> => {
  const version = roomVersion(told.version)!;
  await using parts = createParts(deps, told, version);
  const order = createAuthOrder(wanted);
  const keyless = createKeyless();
  let read = 0;
  /** `isLast`: what is not known now of keys will not be known. */
  const take = async (text: string, isLast: boolean): Promise<void> => {
    if (++read % STEP === 0) await new Promise(setImmediate);
    const pdu = pduOf(text, version);
    if (!pdu || pdu.event.roomId !== told.roomId || pdu.event.stateKey === undefined) return;
    const { eventId, authEvents } = pdu.event;
    if (!order.isExpected(eventId)) return;
    const lacking = isLast ? [] : keysLacking(pdu, version, deps.peers.findKey);
    if (lacking.length > 0) return keyless.add(text, lacking);
    const released = order.add(eventId, authEvents, text);
    if (released) await parts.add(pdu);
    for (const one of released ?? []) await parts.add(pduOf(one, version)!);
  };

  for await (const some of texts) {
    for (const text of some) await take(text, false);
    if (order.waitingLength + keyless.length > WAITING_LENGTH_MAX) {
      throw new PeerError(told.server, 'application', 'too many of the events that it tells have to wait for others');
    }
  }
  if (keyless.wants.length > 0) await deps.peers.keysFor(keyless.wants, KEYS_TIMEOUT_MS);
  for (const text of keyless.texts) await take(text, true);
  // What they stand upon is not to be had: they are stored as such.
  for (const text of order.left()) await parts.add(pduOf(text, version)!);
  await parts.finish();
  return [...order.missing, ...parts.dropped];
};

/** Events whose keys are asked for together at the end: one server that is gone is waited for once. */
const createKeyless = () => {
  const wants = new Map<string, KeyWanted>();
  const texts: string[] = [];
  let length = 0;
  return {
    texts,
    get length() {
      return length;
    },
    get wants() {
      return [...wants.values()];
    },
    add(text: string, lacking: readonly KeyWanted[]): void {
      texts.push(text);
      length += text.length;
      for (const { server, keyId, atTs } of lacking) {
        const before = wants.get(`${server} ${keyId}`);
        if (!before || before.atTs < atTs) wants.set(`${server} ${keyId}`, { server, keyId, atTs });
      }
    },
  };
};

interface Parts extends AsyncDisposable {
  /** Those that could not be verified. */
  readonly dropped: readonly EventId[];
  /** Waits where too much is under way. */
  add(pdu: ParsedPdu): Promise<void>;
  finish(): Promise<void>;
}

const createParts = ({ receive, verify }: TakingDeps, { roomId, server }: Told, version: RoomVersion): Parts => {
  let part: ParsedPdu[] = [];
  let latest: Promise<unknown> = Promise.resolve();
  const underWay: Promise<void>[] = [];
  const dropped: EventId[] = [];

  const begin = (): void => {
    const verifying = verify.verifyParsed(part, version, server, { limitReferences: false });
    part = [];
    const written = Promise.all([verifying, latest]).then(async ([verified]) => {
      const events: IncomingEvent[] = [];
      for (const each of verified) {
        if (each.ok) events.push(each.event);
        else dropped.push(each.eventId!);
      }
      await receive.storeState(roomId, events);
    });
    // Whoever waits for it hears of its failure; nobody may wait for it any more.
    written.catch(() => {});
    latest = written;
    underWay.push(written);
  };

  return {
    dropped,
    async add(pdu) {
      part.push(pdu);
      if (part.length < PART) return;
      begin();
      if (underWay.length > PARTS_AT_ONCE) await underWay.shift();
    },
    async finish() {
      if (part.length > 0) begin();
      await Promise.all(underWay);
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(underWay);
    },
  };
};
