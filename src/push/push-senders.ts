// One sender for each pushkey with something to tell: in order, again and again until the gateway has it, and never in anybody's way.

import type { Clock, Timer } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { randomFraction } from '../lib/random.ts';
import type { Database } from '../storage/database.ts';
import { eventsByNid, type StoredEvent } from '../storage/stores/events.ts';
import { finishPush, nextPush, trimPushes } from '../storage/stores/push-queue.ts';
import { deletePusherByNid, pusherByNid, type StoredPusher } from '../storage/stores/pushers.ts';
import { MAIN_THREAD, readMarkOf } from '../storage/stores/read-marks.ts';
import { gatewayOf, notificationBody } from './notification-body.ts';
import { type FactsDeps, notificationFacts } from './notification-facts.ts';
import type { CallGateway } from './push-gateways.ts';

export interface SenderDeps extends FactsDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly callGateway: CallGateway;
  readonly includeContent: boolean;
}

const RETRY_MS_FIRST = 2_000;
const RETRY_MS_MAX = 60 * 60_000;
/** Nobody wants to hear of older ones. */
const AGE_MS_MAX = 24 * 60 * 60_000;

export interface PushSenders extends AsyncDisposable {
  /** There may be something in the pusher's queue. */
  kick(pusher: number): void;
}

interface Sender {
  failures: number;
  /** Kicked while it was at work. */
  isKicked: boolean;
  work: Promise<void> | undefined;
  retry: Timer | undefined;
}

interface NextPush {
  readonly pusher: StoredPusher;
  readonly event: StoredEvent | undefined;
  readonly position: number;
  /** Read meanwhile, or too old. */
  readonly isMoot: boolean;
}

export const createPushSenders = (deps: SenderDeps): PushSenders => {
  const { db, clock, log } = deps;
  const senders = new Map<number, Sender>();
  const ending = new AbortController();

  const start = (nid: number, sender: Sender): void => {
    sender.isKicked = false;
    sender.retry?.cancel();
    sender.retry = undefined;
    sender.work = work(nid, sender);
  };

  const work = async (nid: number, sender: Sender): Promise<void> => {
    try {
      await sendAll(deps, nid, ending.signal);
      sender.failures = 0;
    } catch (err) {
      retryLater(nid, sender, err);
    }
    sender.work = undefined;
    if (ending.signal.aborted || sender.retry) return;
    if (sender.isKicked) start(nid, sender);
    else senders.delete(nid);
  };

  const retryLater = (nid: number, sender: Sender, err: unknown): void => {
    if (ending.signal.aborted) return;
    const delayMs = Math.min(RETRY_MS_FIRST * 2 ** sender.failures, RETRY_MS_MAX) * (0.75 + randomFraction() / 2);
    sender.failures += 1;
    log.info({ err, pusher: nid, failures: sender.failures, delayMs }, 'A push gateway could not be told.');
    sender.retry = clock.after(delayMs, () => {
      sender.retry = undefined;
      start(nid, sender);
    });
    db.write(trimPushes, { pusher: nid, before: clock.now() - AGE_MS_MAX }).catch((cause: unknown) =>
      log.warn({ err: cause }, 'Old push notifications could not be dropped.'),
    );
  };

  return {
    kick(nid) {
      if (ending.signal.aborted) return;
      const sender = senders.get(nid) ?? { failures: 0, isKicked: false, work: undefined, retry: undefined };
      senders.set(nid, sender);
      if (sender.work) sender.isKicked = true;
      else if (!sender.retry) start(nid, sender);
    },
    async [Symbol.asyncDispose]() {
      ending.abort();
      for (const { retry } of senders.values()) retry?.cancel();
      for (const { work: running } of [...senders.values()]) await running;
    },
  };
};

const findNext = (deps: SenderDeps, nid: number): Promise<NextPush | undefined> =>
  deps.db.read(async (tx) => {
    const push = await nextPush(tx, nid);
    const pusher = push && (await pusherByNid(tx, nid));
    if (!push || !pusher) return undefined;
    const [event] = await eventsByNid(tx, [push.event]);
    const { position } = push;
    const isOld = push.queuedTs < deps.clock.now() - AGE_MS_MAX;
    if (!event || isOld) return { pusher, event, position, isMoot: true };
    const readUpTo = await readMarkOf(tx, pusher.user, event.room, event.thread ?? MAIN_THREAD);
    return { pusher, event, position, isMoot: readUpTo >= position };
  });

/** Until the pusher's queue is empty. Throws when the gateway cannot be told. */
const sendAll = async (deps: SenderDeps, nid: number, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    const next = await findNext(deps, nid);
    if (!next) return;
    const { pusher, event, position } = next;
    const facts = event && !next.isMoot ? await notificationFacts(deps, event, pusher.user) : undefined;
    if (facts) {
      const body = notificationBody(pusher, facts, deps.includeContent);
      const rejected = await deps.callGateway(gatewayOf(pusher).url, body, signal);
      deps.badges.noteTold(pusher.user, facts.unread);
      // "Homeservers must cease sending notification requests for these pushkeys and remove the associated pushers."
      if (rejected.includes(pusher.pushkey)) {
        await deps.db.write(deletePusherByNid, nid);
        return;
      }
    }
    await deps.db.write(finishPush, { pusher: nid, position });
  }
};
