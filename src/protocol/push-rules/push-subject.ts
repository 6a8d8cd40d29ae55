// An event as push rules look at it, and the facts around it. Client-Server API, "Conditions".

import type { Json } from '../events/json.ts';
import { propertyAt } from '../events/property-path.ts';
import type { RoomEvent } from '../events/room-event.ts';

export type PushEvent = Pick<RoomEvent, 'eventId' | 'roomId' | 'type' | 'stateKey' | 'sender' | 'content'> & {
  readonly originServerTs?: number;
};

/** One event that is judged by many rulesets; keeps what they would each compute. */
export interface PushSubject {
  readonly event: PushEvent;
  /** content.body in lower case, once a rule asked for it; null when it is not a string. */
  bodyLowered: string | null | undefined;
}

export const pushSubject = (event: PushEvent): PushSubject => ({ event, bodyLowered: undefined });

/** What is the same for everybody in the room. */
export interface RoomPushContext {
  /** Joined members. */
  readonly memberCount: number;
  /** Infinity for a creator since room version 12. */
  readonly senderPowerLevel: number;
  /** `notifications` of the power levels event, by key; a key without a level needs 50. */
  readonly notificationLevels: Readonly<Record<string, number>>;
}

export interface PushContext extends RoomPushContext {
  /** Whose rules are evaluated. */
  readonly userId: string;
  /** Their name in the room, for contains_display_name. */
  readonly displayName?: string | undefined;
}

export function loweredBody(subject: PushSubject): string | null {
  if (subject.bodyLowered === undefined) {
    const body = propertyAt(subject.event.content, ['body']);
    subject.bodyLowered = typeof body === 'string' ? body.toLowerCase() : null;
  }
  return subject.bodyLowered;
}

export type PropertyReader = (event: PushEvent) => Json | undefined;

const topLevel: Readonly<Record<string, PropertyReader>> = {
  content: (event) => event.content,
  type: (event) => event.type,
  state_key: (event) => event.stateKey,
  sender: (event) => event.sender,
  room_id: (event) => event.roomId,
  event_id: (event) => event.eventId,
  origin_server_ts: (event) => event.originServerTs,
};

/** Reads the property at `keys` of the form that clients get. */
export function propertyReader(keys: readonly string[]): PropertyReader {
  const first = keys[0] ?? '';
  const read = Object.hasOwn(topLevel, first) ? topLevel[first] : undefined;
  if (read === undefined) return () => undefined;
  return keys.length === 1 ? read : (event) => propertyAt(read(event), keys, 1);
}
