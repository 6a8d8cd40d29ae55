// Events that were fetched: verified, of the right room, and not here yet.

import { MatrixError } from '../../../protocol/errors/matrix-error.ts';
import type { Json } from '../../../protocol/events/json.ts';
import { type ParsedPdu, parsePdu } from '../../../protocol/events/parse-pdu.ts';
import type { EventId, ServerName } from '../../../protocol/ids/branded.ts';
import type { IncomingEvent, Receive } from '../../../rooms/receive/incoming.ts';
import type { Verify } from '../../verify/verify-pdus.ts';
import type { Gap } from './gap.ts';

export interface ReadEventsDeps {
  readonly verify: Pick<Verify, 'verifyParsed'>;
  readonly receive: Pick<Receive, 'stored'>;
}

export interface ReadEventsOptions {
  /** State and auth events, which need no place in the timeline: those that are stored in whatever way are left out. */
  readonly asOutliers: boolean;
  /** Whether the event is wanted at all. */
  readonly isWanted?: (parsed: ParsedPdu) => boolean;
}

export type ReadEvents = (
  gap: Gap,
  wires: readonly Json[],
  server: ServerName,
  options: ReadEventsOptions,
) => Promise<IncomingEvent[]>;

const STEP = 50;
const KEY_TIMEOUT_MS = 10_000;

export const createReadEvents = ({ verify, receive }: ReadEventsDeps): ReadEvents => {
  const parseAll = async (gap: Gap, wires: readonly Json[], limitReferences: boolean): Promise<ParsedPdu[]> => {
    const parsed = new Map<EventId, ParsedPdu>();
    for (const [at, wire] of wires.entries()) {
      if (at % STEP === STEP - 1) await new Promise(setImmediate);
      try {
        const pdu = parsePdu(wire, gap.version, { limitReferences });
        if (pdu.event.roomId === gap.roomId && !gap.pool.has(pdu.event.eventId)) parsed.set(pdu.event.eventId, pdu);
      } catch (error) {
        if (!(error instanceof MatrixError)) throw error;
      }
    }
    return [...parsed.values()];
  };

  return async (gap, wires, server, { asOutliers, isWanted = () => true }) => {
    const parsed = (await parseAll(gap, wires, !asOutliers)).filter(isWanted);
    const stored = await receive.stored(parsed.map(({ event }) => event.eventId));
    const isAbsent = (eventId: EventId): boolean => {
      const known = stored.get(eventId);
      return !known || (!asOutliers && !known.hasState);
    };
    const absent = parsed.filter(({ event }) => isAbsent(event.eventId));
    const options = { limitReferences: !asOutliers, keyTimeoutMs: KEY_TIMEOUT_MS };
    const verified = await verify.verifyParsed(absent, gap.version, server, options);
    return verified.flatMap((each) => (each.ok ? [each.event] : []));
  };
};
