// What is done with a transaction after it was answered: its events are verified and judged room by room, what is missing is
// fetched, its EDUs are taken. It stays stored until nothing of it is left.

import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { RoomId, ServerName } from '../../protocol/ids/branded.ts';
import type { IncomingEvent, Receive } from '../../rooms/receive/incoming.ts';
import type { Database } from '../../storage/database.ts';
import type { IncomingEdus } from '../edus/incoming.ts';
import type { Fetch } from '../fetch/fetch.ts';
import type { Verify } from '../verify/verify-pdus.ts';
import { createAcceptEvents, isStored, type Outcome } from './accept-events.ts';
import { createBacklog, type PendingWork } from './backlog.ts';
import { createEduQueue } from './edu-queue.ts';
import { createFinishedTransactions } from './finished-transactions.ts';
import { createFillGap } from './gaps/fill-gap.ts';
import { createPolicySignatures, type PolicySignaturesDeps } from './policy-signatures.ts';
import { createRoomQueues } from './room-queues.ts';
import type { QueuedPdu } from './sort-pdus.ts';
import { createVerifyBatch, type End, type QueuedEvent } from './verify-batch.ts';
import { createWaitingEvents } from './waiting-events.ts';

export interface WorkOffDeps extends Pick<PolicySignaturesDeps, 'peers'> {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly serverName: ServerName;
  readonly receive: Receive;
  readonly verify: Pick<Verify, 'verifyParsed'>;
  readonly fetch: Fetch;
  readonly edus: IncomingEdus;
  /** Other servers with members in the room. */
  readonly serversIn: (roomId: RoomId) => Promise<ReadonlySet<ServerName>>;
  readonly isLeftAlone: (server: ServerName) => boolean;
  /** Aborted when the server stops. */
  readonly signal: AbortSignal;
}

/** Counts what becomes of events, and tells of those that are not accepted. */
const createOutcomes = ({ log }: Pick<WorkOffDeps, 'log'>) => {
  const counts = new Map<string, number>();
  const count = (fate: string): void => void counts.set(fate, (counts.get(fate) ?? 0) + 1);
  const tell = (roomId: RoomId, end: End, source: ServerName): void => {
    count(end.fate);
    if (end.fate !== 'rejected' && end.fate !== 'soft-failed') return;
    const { eventId, fate, failed } = end;
    const { check, rule, sentence } = failed;
    // Of a gap that could not be filled one line was written for all its events.
    const write = check === 'prev-events-present' || check === 'auth-events-present' ? log.debug : log.info;
    write({ roomId, eventId, source, fate, check, rule, sentence }, 'An event was not accepted.');
  };
  return { counts, count, tell };
};

export const createWorkOff = (deps: WorkOffDeps) => {
  const { clock, log, signal, edus } = deps;
  const { counts, count, tell } = createOutcomes(deps);
  const finished = createFinishedTransactions(deps);
  const backlog = createBacklog({
    clock,
    onDone: ({ nid, isKept }) => {
      if (!isKept) finished.push(nid);
    },
  });

  const done = (work: PendingWork, isKept: boolean): void => {
    if (isKept) work.isKept = true;
    backlog.done(work);
  };
  const onOutcome = ({ roomId, work }: QueuedEvent, end: End): void => {
    tell(roomId, end, work.origin);
    done(work, end.fate === 'failed');
  };

  const accept = createAcceptEvents(deps);
  const onSettled = (roomId: RoomId, outcome: Outcome, { source }: IncomingEvent): void => {
    if (!waiting.settle(roomId, outcome)) tell(roomId, outcome, source);
    if (isStored(outcome)) queues.arrived(roomId, outcome.eventId);
  };
  const fillGap = createFillGap({ ...deps, accept, onSettled });
  const waiting = createWaitingEvents({ fillGap, clock, log, onOutcome, signal });
  const addPolicySignatures = createPolicySignatures(deps);
  const verifyBatch = createVerifyBatch({ ...deps, addPolicySignatures, onOutcome });
  const queues = createRoomQueues({ verifyBatch, accept, onOutcome, onWaiting: waiting.push, clock, signal });
  const eduQueue = createEduQueue({ edus, log, onDone: done });

  return {
    backlog,
    outcomes: counts,
    count,
    intake: queues.intake,
    /** The transaction is stored, and counted in the backlog. */
    push(work: PendingWork, pdus: readonly QueuedPdu[], given: readonly JsonObject[]): void {
      if (given.length > 0) eduQueue.push(work, given);
      for (const [roomId, items] of Map.groupBy(pdus, (pdu) => pdu.roomId)) {
        queues.push(
          roomId,
          items.map((pdu) => ({ ...pdu, work })),
        );
      }
    },
    gauges: () => {
      const { queued, held, rooms } = queues.counts();
      const waitingPdus = held + waiting.counts().waiting;
      return { ...backlog.counts(), queuedPdus: queued, queuedRooms: rooms, waitingPdus };
    },
    /** Resolves when nobody works any more: for the end, after the signal. */
    async settled(): Promise<void> {
      await queues.settled();
      await waiting.settled();
      await eduQueue.settled();
      await finished.settled();
    },
  };
};
