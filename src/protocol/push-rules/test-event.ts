// A message for the tests of push rules.

import type { EventId, RoomId, UserId } from '../ids/branded.ts';
import type { PushContext, PushEvent } from './push-subject.ts';

export const testEvent = (fields: Partial<PushEvent> = {}): PushEvent => ({
  eventId: '$event' as EventId,
  roomId: '!room:example.org' as RoomId,
  type: 'm.room.message',
  stateKey: undefined,
  sender: '@sender:example.org' as UserId,
  content: { msgtype: 'm.text', body: 'Hello there' },
  ...fields,
});

export const testContext = (fields: Partial<PushContext> = {}): PushContext => ({
  userId: '@me:example.org',
  memberCount: 10,
  senderPowerLevel: 0,
  notificationLevels: {},
  ...fields,
});
