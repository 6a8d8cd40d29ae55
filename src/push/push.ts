// The part `push`: push rules of accounts, pushers and their notifications. Whom an event notifies is judged in
// judge.ts, for the room engine.

import type { Receipts } from '../ephemeral/receipts.ts';
import type { Outbound } from '../http/outbound/outbound.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { RoomReader } from '../rooms/read/room-reader.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { Database } from '../storage/database.ts';
import type { Stream } from '../stream/stream.ts';
import { createBadgeUpdates } from './badge-updates.ts';
import { createBadges } from './badges.ts';
import type { Judging } from './judging.ts';
import { createNotificationList, type NotificationList } from './list-notifications.ts';
import { createPruning } from './prune.ts';
import { PushConsumer } from './push-consumer.ts';
import { createGateways } from './push-gateways.ts';
import { createPushRules, type PushRules } from './push-rules.ts';
import { createPushSenders } from './push-senders.ts';
import { createPushers, type Pushers } from './pushers.ts';

export interface PushDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly stream: Stream;
  readonly outbound: Outbound;
  readonly rooms: Rooms;
  readonly reader: RoomReader;
  readonly receipts: Receipts;
  readonly judging: Judging;
  readonly config: { readonly push: { readonly enabled: boolean; readonly includeContent: boolean } };
}

export interface Push extends AsyncDisposable {
  readonly rules: PushRules;
  readonly pushers: Pushers;
  readonly notifications: NotificationList;
  /** Takes up what an earlier process left. */
  start(): Promise<void>;
}

export const createPush = (deps: PushDeps): Push => {
  const { db, judging, config } = deps;
  const rules = createPushRules({ db, ruleClasses: judging.ruleClasses });
  const delivery = createDelivery(deps);
  return {
    rules,
    pushers: createPushers(deps),
    notifications: createNotificationList(deps),
    async start() {
      await rules.renewOutdated();
      if (config.push.enabled) await delivery.start();
    },
    [Symbol.asyncDispose]: () => delivery[Symbol.asyncDispose](),
  };
};

/** What carries notifications to push gateways. */
const createDelivery = (deps: PushDeps): AsyncDisposable & { start(): Promise<void> } => {
  const callGateway = createGateways(deps);
  const badges = createBadges(deps);
  const { includeContent } = deps.config.push;
  const stack = new AsyncDisposableStack();
  const senders = stack.use(createPushSenders({ ...deps, badges, callGateway, includeContent }));
  const consumer = stack.use(new PushConsumer({ ...deps, senders }));
  const pruning = stack.use(createPruning(deps));
  const updates = stack.use(createBadgeUpdates({ ...deps, badges, callGateway }));
  return {
    async start() {
      deps.receipts.onRead((user) => updates.note(user));
      pruning.start();
      await consumer.start();
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
};
