// The checks that need no room, for a batch of one room's events that several servers may have sent.

import type { Log } from '../../lib/log.ts';
import type { EventId, RoomId, ServerName } from '../../protocol/ids/branded.ts';
import type { IncomingEvent } from '../../rooms/receive/incoming.ts';
import type { Verified, Verify } from '../verify/verify-pdus.ts';
import type { Outcome } from './accept-events.ts';
import type { PendingWork } from './backlog.ts';
import type { AddPolicySignatures } from './policy-signatures.ts';
import type { QueuedPdu } from './sort-pdus.ts';

export interface QueuedEvent extends QueuedPdu {
  readonly work: PendingWork;
}

/** An event that passed the checks which need no room. */
export interface VerifiedEvent {
  readonly event: IncomingEvent;
  readonly queued: QueuedEvent;
}

/** `invalid`: dropped for its signatures or format. */
export type End = Outcome | { readonly eventId: EventId; readonly fate: 'invalid' };

export interface VerifyBatchDeps {
  readonly verify: Pick<Verify, 'verifyParsed'>;
  readonly addPolicySignatures: AddPolicySignatures;
  readonly log: Log;
  /** The event came to its end. */
  readonly onOutcome: (queued: QueuedEvent, end: End) => void;
}

/** Those that passed. Never rejects: what fails by a fault of this server stays stored, and is taken up at the next start. */
export type VerifyBatch = (roomId: RoomId, batch: readonly QueuedEvent[]) => Promise<VerifiedEvent[]>;

/** For keys that are not known; others in the room wait meanwhile. */
const KEY_TIMEOUT_MS = 5000;

export const createVerifyBatch = ({ verify, addPolicySignatures, log, onOutcome }: VerifyBatchDeps): VerifyBatch => {
  const verifyAll = async (batch: readonly QueuedEvent[]): Promise<Map<QueuedEvent, Verified>> => {
    const results = new Map<QueuedEvent, Verified>();
    const verifyOf = async (source: ServerName, items: readonly QueuedEvent[]): Promise<void> => {
      const parsed = items.map((item) => item.parsed);
      const options = { keyTimeoutMs: KEY_TIMEOUT_MS };
      const verified = await verify.verifyParsed(parsed, items[0]!.version, source, options);
      for (const [at, result] of verified.entries()) results.set(items[at]!, result);
    };
    const bySource = Map.groupBy(batch, ({ work }) => work.origin);
    await Promise.all([...bySource].map(([source, items]) => verifyOf(source, items)));
    return results;
  };

  const drop = (queued: QueuedEvent, reason: string): void => {
    const { eventId } = queued.parsed.event;
    const { roomId, work } = queued;
    log.info({ roomId, eventId, source: work.origin, reason }, 'An event was dropped.');
    onOutcome(queued, { eventId, fate: 'invalid' });
  };

  const verifyBatch = async (batch: readonly QueuedEvent[]): Promise<VerifiedEvent[]> => {
    const results = await verifyAll(batch);
    const good: VerifiedEvent[] = [];
    for (const queued of batch) {
      const result = results.get(queued)!;
      if (result.ok) good.push({ event: result.event, queued });
      else drop(queued, result.reason);
    }
    // By what was known of the room when the last of them came.
    const events = await addPolicySignatures(
      batch.at(-1)!,
      good.map(({ event }) => event),
    );
    return good.map(({ queued }, at) => ({ event: events[at]!, queued }));
  };

  return async (roomId, batch) => {
    try {
      return await verifyBatch(batch);
    } catch (err) {
      log.error({ err, roomId, events: batch.length }, 'Events could not be verified.');
      for (const queued of batch) onOutcome(queued, { eventId: queued.parsed.event.eventId, fate: 'failed' });
      return [];
    }
  };
};
