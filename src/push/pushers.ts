// Where users want to be notified. Client-Server API, "Push Notifications".

import type { Clock } from '../lib/clock.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import type { Database } from '../storage/database.ts';
import { deletePusher, pushersOf, type StoredPusher, setPusher } from '../storage/stores/pushers.ts';
import type { PusherToDelete, PusherToSet } from './pusher-body.ts';

export interface PusherOwner {
  readonly user: number;
  readonly device: number;
}

const wireForm = (pusher: StoredPusher): JsonObject => ({
  pushkey: pusher.pushkey,
  kind: pusher.kind,
  app_id: pusher.appId,
  app_display_name: pusher.appDisplayName,
  device_display_name: pusher.deviceDisplayName,
  ...(pusher.profileTag !== null && { profile_tag: pusher.profileTag }),
  lang: pusher.lang,
  data: JSON.parse(pusher.data) as JsonObject,
});

export const createPushers = ({ db, clock }: { db: Database; clock: Clock }) => ({
  /** As GET /pushers gives them. */
  async pushersOf(user: number): Promise<JsonObject[]> {
    const pushers = await db.read((tx) => pushersOf(tx, [user]));
    return pushers.map(wireForm);
  },

  /** Adds, changes or deletes one; parsePusher has checked it. Throws M_INVALID_PARAM when there are too many. */
  async setPusher({ user, device }: PusherOwner, pusher: PusherToSet | PusherToDelete): Promise<void> {
    if (pusher.kind === null) {
      await db.write(deletePusher, { user, appId: pusher.appId, pushkey: pusher.pushkey });
    } else {
      await db.write(setPusher, { ...pusher, user, device, setTs: clock.now() });
    }
  },
});

export type Pushers = ReturnType<typeof createPushers>;
