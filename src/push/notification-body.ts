// What a push gateway is told. Push Gateway API, POST /_matrix/push/v1/notify.

import type { JsonObject } from '../protocol/events/json.ts';
import type { RoomEvent } from '../protocol/events/room-event.ts';
import type { PushOutcome } from '../protocol/push-rules/compile-rules.ts';
import type { StoredPusher } from '../storage/stores/pushers.ts';

export interface NotificationFacts {
  readonly event: RoomEvent;
  readonly outcome: PushOutcome;
  readonly unread: number;
  readonly senderDisplayName: string | undefined;
  readonly roomName: string | undefined;
  readonly roomAlias: string | undefined;
  /** "the subject of a member event" */
  readonly isTarget: boolean;
}

/** The gateway's URL, and what else the client gave for it. */
export const gatewayOf = (pusher: StoredPusher): { url: string; data: JsonObject } => {
  // "Servers MUST forward the entire content including format and any custom keys but excluding url".
  const { url, ...data } = JSON.parse(pusher.data) as JsonObject;
  return { url: typeof url === 'string' ? url : '', data };
};

const deviceOf = (pusher: StoredPusher, tweaks?: JsonObject): JsonObject => ({
  app_id: pusher.appId,
  pushkey: pusher.pushkey,
  pushkey_ts: Math.floor(pusher.setTs / 1000),
  data: gatewayOf(pusher).data,
  ...(tweaks && { tweaks }),
});

/** "Counts whose value is zero should be omitted." */
const countsOf = (unread: number): JsonObject => (unread > 0 ? { unread } : {});

/** Whether somebody waits to hear of it: gateways may deliver others later, to spare the battery. */
const isUrgent = (event: RoomEvent, { highlight, sound }: PushOutcome): boolean =>
  highlight || sound !== undefined || event.type === 'm.room.encrypted';

export const notificationBody = (
  pusher: StoredPusher,
  facts: NotificationFacts,
  includeContent: boolean,
): JsonObject => {
  const { event, outcome, unread, senderDisplayName, roomName, roomAlias, isTarget } = facts;
  const minimum: JsonObject = {
    event_id: event.eventId,
    room_id: event.roomId,
    prio: isUrgent(event, outcome) ? 'high' : 'low',
    counts: countsOf(unread),
    devices: [deviceOf(pusher, { ...outcome.tweaks })],
  };
  if (gatewayOf(pusher).data.format === 'event_id_only') return { notification: minimum };
  return {
    notification: {
      ...minimum,
      type: event.type,
      sender: event.sender,
      ...(senderDisplayName !== undefined && { sender_display_name: senderDisplayName }),
      ...(roomName !== undefined && { room_name: roomName }),
      ...(roomAlias !== undefined && { room_alias: roomAlias }),
      ...(event.type === 'm.room.member' && { user_is_target: isTarget }),
      ...(includeContent && { content: event.content }),
    },
  };
};

/** Tells of new counts alone. */
export const badgeBody = (pusher: StoredPusher, unread: number): JsonObject => ({
  notification: { counts: countsOf(unread), devices: [deviceOf(pusher)] },
});
