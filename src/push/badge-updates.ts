// Tells gateways of a lower count when a user has read something, so that badges go away on their other devices.
// Best effort: the next notification carries the count as well. Push Gateway API, "counts".

import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Database } from '../storage/database.ts';
import { pushersOf } from '../storage/stores/pushers.ts';
import type { Badges } from './badges.ts';
import { badgeBody, gatewayOf } from './notification-body.ts';
import type { CallGateway } from './push-gateways.ts';

export interface BadgeUpdateDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly badges: Badges;
  readonly callGateway: CallGateway;
}

/** Receipts within this time are one update. */
const GATHER_MS = 1_000;

export interface BadgeUpdates extends Disposable {
  /** The user has read something. */
  note(user: number): void;
}

export const createBadgeUpdates = ({ db, clock, log, badges, callGateway }: BadgeUpdateDeps): BadgeUpdates => {
  const waiting = new Set<number>();
  const ending = new AbortController();

  const update = async (user: number): Promise<void> => {
    const pushers = await db.read((tx) => pushersOf(tx, [user]));
    if (pushers.length === 0) return;
    const unread = await badges.count(user);
    if (badges.toldOf(user) === unread) return;
    badges.noteTold(user, unread);
    await Promise.all(
      pushers.map((pusher) => callGateway(gatewayOf(pusher).url, badgeBody(pusher, unread), ending.signal)),
    );
  };

  return {
    note(user) {
      if (waiting.has(user) || ending.signal.aborted) return;
      waiting.add(user);
      clock.after(GATHER_MS, () => {
        waiting.delete(user);
        if (ending.signal.aborted) return;
        update(user).catch((err: unknown) => log.debug({ err, user }, 'A push gateway was not told of the new count.'));
      });
    },
    [Symbol.dispose]: () => ending.abort(),
  };
};
